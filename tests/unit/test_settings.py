"""Settings: each is documented, and a bad one is named with what it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.settings import BadSetting, Settings, read_settings
from tests.conftest import make_settings

ROOT = Path(__file__).parent.parent.parent
SERVERS = ("postgresql://localhost/x", "redis://localhost")
GOOD = make_settings(SERVERS).model_dump()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_example_and_the_readme(name: str) -> None:
    example = (ROOT / ".env.example").read_text()
    assert re.search(rf"^#? ?{name.upper()}=", example, re.MULTILINE)


def test_the_example_names_no_setting_that_is_not() -> None:
    example = (ROOT / ".env.example").read_text()
    named = {name.lower() for name in re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE)}
    assert named <= set(Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("port", "80000", "PORT"),
        ("port", "web", "PORT"),
        ("public_url", "help.example.org", "PUBLIC_URL should be an address"),
        ("public_url", "https://x/?a=1", "PUBLIC_URL"),
        ("twilio_account_sid", "nope", "TWILIO_ACCOUNT_SID should be AC"),
        ("twilio_auth_token", "", "TWILIO_AUTH_TOKEN"),
        ("helpline_numbers", "5550100", "HELPLINE_NUMBERS should be phone numbers"),
        ("helpline_numbers", "+12025550100,+12025550100", "twice"),
        ("helpline_keys", "c2hvcnQ=", "HELPLINE_KEYS should be 32 bytes"),
        ("helpline_lookup_key", "not base64!", "HELPLINE_LOOKUP_KEY"),
        ("helpline_timezone", "Mars", "HELPLINE_TIMEZONE"),
        ("helpline_country", "usa", "HELPLINE_COUNTRY"),
        ("helpline_serve", "everything", "HELPLINE_SERVE should be"),
        ("helpline_offer_seconds", "0", "HELPLINE_OFFER_SECONDS"),
        ("helpline_offer_seconds", "soon", "HELPLINE_OFFER_SECONDS"),
        ("database_url", "mysql://x", "DATABASE_URL"),
        ("redis_url", "http://x", "REDIS_URL"),
        ("helpline_professional_number", "911", "HELPLINE_PROFESSIONAL_NUMBER"),
        ("helpline_privacy_url", "ftp://x", "HELPLINE_PRIVACY_URL"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(name: str, value: str, part: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_settings(**{**GOOD, name: value, "_env_file": None})
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["public_url", "twilio_account_sid", "twilio_auth_token", "helpline_numbers", "secret_key"],
)
def test_a_missing_setting_is_named_in_one_line(name: str) -> None:
    rest = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(BadSetting, match=f"{name.upper()} is not set: it should be"):
        read_settings(**{**rest, "_env_file": None})


def test_a_secret_is_never_repeated() -> None:
    with pytest.raises(BadSetting) as caught:
        read_settings(**{**GOOD, "helpline_keys": "hunter2", "_env_file": None})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_way_to_name_postgresql_is_taken(scheme: str) -> None:
    settings = make_settings((f"{scheme}://host/db", SERVERS[1]))
    assert settings.database_url == "postgresql+psycopg://host/db"
