"""Whether a webhook was really signed by Twilio (TWILIO.md 1.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twilio.request_validator import RequestValidator


class Signatures:
    """Checks `X-Twilio-Signature` over the public address and the raw path and query.

    Several tokens may be accepted, so that one can be changed while the line runs.
    """

    def __init__(self, tokens: Sequence[str], public_url: str) -> None:
        self._validators = [RequestValidator(token) for token in tokens]
        self._base = public_url

    def are_right(self, raw_uri: str, form: Mapping[str, Any], signature: str) -> bool:
        """Whether one of the tokens signed this request; `raw_uri` is path and query as sent."""
        return any(
            validator.validate(self._base + raw_uri, form, signature)
            for validator in self._validators
        )
