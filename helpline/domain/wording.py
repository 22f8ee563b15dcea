"""All that people read, by language and key, with places for facts."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass


class NoSuchWording(KeyError):
    """No language has a text under this key."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts by language, then key; `fallback` is the language of the line."""

    texts: Mapping[str, Mapping[str, str]]
    fallback: str = "en"

    def say(self, key: str, language: str | None = None, /, **facts: object) -> str:
        """The text for `key` in `language`, else in the line's; raises `NoSuchWording`."""
        for choice in (language, self.fallback, "en"):
            template = self.texts.get(choice or "", {}).get(key)
            if template is not None:
                return template.format(**facts)
        raise NoSuchWording(key)

    def has(self, key: str) -> bool:
        """Whether any language has a text under this key."""
        return any(key in table for table in self.texts.values())

    def places(self, key: str, language: str) -> frozenset[str]:
        """The names of the facts that a text wants."""
        parsed = string.Formatter().parse(self.texts[language][key])
        return frozenset(name for _, name, _, _ in parsed if name)
