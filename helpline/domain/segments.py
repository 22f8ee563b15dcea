"""How many segments a text costs, and how to split one that is too long.

GSM-7: 160 septets, or 153 each when there are several; UCS-2: 70, or 67 (TWILIO.md 2.4).
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

MAX_BODY_UNITS = 1600
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67


def utf16_units(text: str) -> int:
    """Length in UTF-16 units, as carriers count."""
    return len(text) + sum(character > "\uffff" for character in text)


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM-7 alphabet or its extension."""
    return all(character in GSM_BASIC or character in GSM_EXTENDED for character in text)


def count_segments(text: str) -> int:
    """Segments that `text` is sent in; 1 for an empty one."""
    if is_gsm7(text):
        costs = [2 if character in GSM_EXTENDED else 1 for character in text]
        single, part = GSM_SINGLE, GSM_PART
    else:
        costs = [2 if character > "\uffff" else 1 for character in text]
        single, part = UCS2_SINGLE, UCS2_PART
    if sum(costs) <= single:
        return 1
    return _packed(costs, part)


def _packed(costs: list[int], part: int) -> int:
    segments, room = 1, part
    for cost in costs:
        if cost > room:
            segments, room = segments + 1, part
        room -= cost
    return segments


def split_body(text: str, limit: int = MAX_BODY_UNITS) -> list[str]:
    """Split into bodies of at most `limit` UTF-16 units; joined they are `text` again.

    Grapheme clusters stay whole; a break falls after a space or line end where there is one in
    the last fifth of the body.
    """
    bodies: list[str] = []
    body, units = "", 0
    for cluster in _clusters(text, limit):
        size = utf16_units(cluster)
        if units + size > limit:
            head, tail = _at_a_space(body)
            bodies.append(head)
            body, units = tail, utf16_units(tail)
        body, units = body + cluster, units + size
    if body:
        bodies.append(body)
    return bodies


def _clusters(text: str, limit: int) -> Iterator[str]:
    """Grapheme clusters; one that is itself longer than `limit` comes in characters."""
    for cluster in regex.findall(r"\X", text):
        if utf16_units(cluster) > limit:
            yield from cluster
        else:
            yield cluster


def _at_a_space(body: str) -> tuple[str, str]:
    cut = max(body.rfind(" "), body.rfind("\n")) + 1
    if cut < len(body) * 4 // 5:
        return body, ""
    return body[:cut], body[cut:]
