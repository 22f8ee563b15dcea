"""Links that volunteers get by text: signed, for one of them and one thing, telling nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

SIGNATURE_BYTES = 18


class BadLink(ValueError):
    """A link that we did not make."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads the last part of links; `key` is the secret that signs them."""

    key: bytes = field(repr=False)

    def make(self, purpose: str, subject_id: int, volunteer_id: int) -> str:
        """The part for one thing and one volunteer."""
        facts = f"{subject_id}.{volunteer_id}"
        return f"{facts}.{self._sign(purpose, facts)}"

    def read(self, purpose: str, part: str) -> tuple[int, int]:
        """The thing and the volunteer; raises `BadLink`."""
        facts, _, signature = part.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(purpose, facts).encode()):
            raise BadLink
        subject_id, _, volunteer_id = facts.partition(".")
        return int(subject_id), int(volunteer_id)

    def _sign(self, purpose: str, facts: str) -> str:
        signed = hmac.new(self.key, f"{purpose} {facts}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(signed[:SIGNATURE_BYTES]).decode().rstrip("=")
