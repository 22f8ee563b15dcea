"""Every setting of the helpline, read from the environment and from `.env`."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KEY_BYTES = 32
E164 = re.compile(r"\+[1-9]\d{6,14}")
CommaList = Annotated[tuple[str, ...], NoDecode]
Seconds = Annotated[float, Field(gt=0)]


class BadSetting(Exception):
    """A setting is missing or malformed; the text names it and says what it should be."""


class Settings(BaseSettings):
    """The operator's choices. Durations are in seconds.

    Fields are named like their environment variables, in lower case; `.env.example` says what
    each is for (a test holds the two together).
    """

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    database_url: str = ""
    redis_url: str = ""
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    public_url: str
    twilio_account_sid: str
    twilio_auth_token: CommaList
    twilio_api_url: str = "https://api.twilio.com"
    twilio_timeout_seconds: Seconds = 10.0

    helpline_numbers: CommaList
    helpline_country: str = "US"
    helpline_language: Literal["en", "es"] = "en"
    helpline_timezone: str = "America/New_York"
    helpline_name: str = "Helpline"
    helpline_privacy_url: str = ""
    helpline_professional_number: str = ""
    helpline_serve: Literal["all", "webhooks", "site"] = "all"
    helpline_var: Path = Path("var")
    helpline_workers: Annotated[int, Field(ge=1, le=64)] = 1
    helpline_send_lanes: Annotated[int, Field(ge=1, le=64)] = 16

    helpline_keys: CommaList
    helpline_lookup_key: str
    secret_key: str

    helpline_offer_seconds: Seconds = 60
    helpline_ring_seconds: Seconds = 20
    helpline_wait_text_seconds: Seconds = 120
    helpline_wait_text_repeat_seconds: Seconds = 600
    helpline_ack_seconds: Seconds = 60
    helpline_idle_close_seconds: Seconds = 3600
    helpline_wrap_up_seconds: Seconds = 600
    helpline_reopen_seconds: Seconds = 86_400
    helpline_call_wait_seconds: Seconds = 120
    helpline_voicemail_seconds: Annotated[int, Field(ge=10, le=600)] = 120

    helpline_ring_strategy: Literal["one", "some", "all"] = "some"
    helpline_ring_at_once: Annotated[int, Field(ge=1, le=10)] = 3
    helpline_ring_rounds: Annotated[int, Field(ge=1, le=9)] = 2
    helpline_calls_per_second: Annotated[float, Field(gt=0, le=100)] = 1.0
    helpline_record_calls: bool = False
    helpline_voicemail_days: Annotated[int, Field(ge=1, le=365)] = 30

    @field_validator("twilio_auth_token", "helpline_numbers", "helpline_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = tuple(part.strip() for part in value.split(",") if part.strip())
        if not parts:
            raise ValueError("should hold at least one value, comma-separated")
        return parts

    @field_validator("helpline_numbers")
    @classmethod
    def _are_numbers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(E164.fullmatch(number) for number in value):
            raise ValueError("should be phone numbers like +15550100, comma-separated")
        if len(set(value)) != len(value):
            raise ValueError("should not hold the same number twice")
        return value

    @field_validator("helpline_professional_number")
    @classmethod
    def _is_number(cls, value: str) -> str:
        if value and not E164.fullmatch(value):
            raise ValueError("should be a phone number like +15550100, or empty")
        return value

    @field_validator("twilio_account_sid")
    @classmethod
    def _is_account(cls, value: str) -> str:
        if not re.fullmatch(r"AC\w{32}", value):
            raise ValueError("should be AC and 32 letters or digits, from the Twilio console")
        return value

    @field_validator("public_url", "twilio_api_url")
    @classmethod
    def _is_base(cls, value: str) -> str:
        url = urlsplit(value)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ValueError("should be an address like https://help.example.org")
        return value.rstrip("/")

    @field_validator("helpline_privacy_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("should be an address like https://help.example.org/privacy, or empty")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: str) -> str:
        if value and not re.match(r"postgres(ql)?(\+psycopg)?://", value):
            raise ValueError("should be an address like postgresql://user:password@host/name")
        return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", value)

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if value and not re.match(r"(rediss?|unix)://", value):
            raise ValueError("should be an address like redis://host:6379/0")
        return value

    @field_validator("helpline_timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("should be a time zone like America/New_York") from None
        return value

    @field_validator("helpline_country")
    @classmethod
    def _is_country(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{2}", value):
            raise ValueError("should be two capital letters like US")
        return value

    @field_validator("helpline_keys", "helpline_lookup_key", "secret_key")
    @classmethod
    def _are_keys(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for key in (value,) if isinstance(value, str) else value:
            if len(key_bytes(key)) != KEY_BYTES:
                raise ValueError("should be 32 bytes in base64; `helpline keys new` prints one")
        return value


def key_bytes(text: str) -> bytes:
    """The bytes of a base64 key; empty when it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def read_settings(**given: object) -> Settings:
    """Read the environment and `.env`; raises `BadSetting` naming the first setting at fault."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as reason:
        raise BadSetting(_one_line(reason)) from None


def _one_line(reason: ValidationError) -> str:
    fault = reason.errors(include_input=False, include_url=False)[0]
    name = str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return f"{name} is not set: {MEANINGS.get(name, 'see .env.example')}"
    if fault["type"] == "literal_error":
        return f"{name} should be {fault['ctx']['expected']}"
    return f"{name} " + fault["msg"].removeprefix("Value error, ").replace("Input ", "")


MEANINGS = {
    "PUBLIC_URL": "it should be the address that Twilio calls, like https://help.example.org",
    "TWILIO_ACCOUNT_SID": "it should be the account's SID from the Twilio console (AC…)",
    "TWILIO_AUTH_TOKEN": "it should be the account's auth token from the Twilio console",
    "HELPLINE_NUMBERS": "it should be your numbers like +15550100, comma-separated",
    "HELPLINE_KEYS": "it should be 32 bytes in base64; `helpline keys new` prints one",
    "HELPLINE_LOOKUP_KEY": "it should be 32 bytes in base64; `helpline keys new` prints one",
    "SECRET_KEY": "it should be 32 bytes in base64; `helpline keys new` prints one",
}
