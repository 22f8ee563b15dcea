"""Signs webhooks as Twilio does: HMAC-SHA1 over the address and the sorted form (TWILIO.md 1.7)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """The value of `X-Twilio-Signature`."""
    told = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), "sha1")).decode()
