"""Column types that are encrypted at rest.

The vault rides on the engine's dialect (`engine.use_vault`), so that a type needs no global.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Dialect, Engine, LargeBinary
from sqlalchemy.types import TypeDecorator

from helpline.domain.phone import PhoneNumber
from helpline.storage.vault import Vault


class NoVault(Exception):
    """The engine was made without keys."""


def use_vault(engine: Engine, vault: Vault) -> None:
    """Let this engine's sealed columns be sealed and opened with `vault`."""
    engine.dialect.helpline_vault = vault  # type: ignore[attr-defined]


def vault_of(dialect: Dialect) -> Vault:
    """The vault of an engine's dialect; raises `NoVault`."""
    vault = getattr(dialect, "helpline_vault", None)
    if not isinstance(vault, Vault):
        raise NoVault
    return vault


class Sealed(TypeDecorator[Any]):
    """A sealed value. `purpose` is `table.column` and is authenticated with the value."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def to_bytes(self, value: Any) -> bytes:
        """The plain bytes of a value."""
        return str(value).encode("utf-8", "surrogatepass")

    def from_bytes(self, plain: bytes) -> Any:
        """The value of plain bytes."""
        return plain.decode("utf-8", "surrogatepass")

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Seal on the way in."""
        if value is None:
            return None
        return vault_of(dialect).seal(self.to_bytes(value), self.purpose)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Open on the way out."""
        if value is None:
            return None
        return self.from_bytes(vault_of(dialect).open(bytes(value), self.purpose))


def sealed_type(column: Column[Any]) -> Sealed:
    """The type of a sealed column."""
    assert isinstance(column.type, Sealed)
    return column.type


class SealedText(Sealed):
    """Words, sealed."""

    cache_ok = True


class SealedPhone(Sealed):
    """A phone number, sealed."""

    cache_ok = True

    def to_bytes(self, value: PhoneNumber) -> bytes:
        """E.164."""
        return value.e164.encode()

    def from_bytes(self, plain: bytes) -> PhoneNumber:
        """Back from E.164."""
        return PhoneNumber(plain.decode())


class SealedJson(Sealed):
    """Lists and tables, sealed."""

    cache_ok = True

    def to_bytes(self, value: Any) -> bytes:
        """Compact JSON."""
        return json.dumps(value, separators=(",", ":")).encode()

    def from_bytes(self, plain: bytes) -> Any:
        """Back from JSON."""
        return json.loads(plain)
