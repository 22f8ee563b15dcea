"""New secrets."""

from __future__ import annotations

import base64
import os

from config.settings import KEY_BYTES


def new_key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()
