"""What people really type, made plain: look-alikes, leet, stars, stretched and spaced letters.

A text becomes tokens, each with its place in the original. Sentence ends become the token `.`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product

STOP = "."
WORDS = re.compile(
    r"(?:[^\s.!?;:,()\[\]{}\"“”„«»…/\\–—_~|-]|(?<=\w)[!|](?=\w))+|[.!?;…\n]+|(?<=\s)[/|](?=\s)"
)
UNSEEN = dict.fromkeys(
    (
        *(0xAD, 0x180E, 0xFEFF, 0xFE0E, 0xFE0F),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x206A),
        *range(0x1F3FB, 0x1F400),
    )
)
LOOK_ALIKES = str.maketrans(
    "аеіӏорсухкмнтвԁѕјαειοκρτυνωγη",
    "aeiiopcyxkmhtbdsjaeiokptuvwyn",
)
LEET = {"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s", "@": "a"} | {
    "!": "il",
    "|": "li",
    "€": "e",
    "ø": "o",
}
APOSTROPHES = re.compile(r"['’‘`´ʼ]")
STRETCHED = re.compile(r"(.)\1{2,}")
PIECES = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
SHORTEST_SEGMENTED = 8
SHORTEST_CORRECTED = 6
LONGEST_RUN, LONGEST_SEGMENTED, LONGEST_CORRECTED = 40, 60, 20


class Speller:
    """Turns one raw word into plain words of a lexicon's vocabulary."""

    def __init__(
        self,
        vocabulary: Iterable[str],
        keys: Iterable[str],
        expansions: Mapping[str, str],
        emoji: Mapping[str, str],
    ) -> None:
        self._vocabulary = frozenset(vocabulary)
        self._keys = frozenset(keys)
        self._expansions = {name: tuple(words.split()) for name, words in expansions.items()}
        self._emoji = dict(emoji)
        self._near = _near_misses(self._keys)
        self.read = lru_cache(maxsize=50_000)(self._read)

    def _read(self, word: str) -> tuple[str, ...]:
        """The plain words of one raw word; empty where it holds none."""
        plain = word.translate(UNSEEN)
        if not plain.isascii():
            plain = _bare(plain)
        plain = APOSTROPHES.sub("'", plain.casefold()).strip("#-+=&%^<>'")
        if plain in self._expansions:
            return self._expansions[plain]
        plain = plain.replace("'", "")
        if not plain:
            return ()
        if plain in self._expansions:
            return self._expansions[plain]
        if plain in self._vocabulary:
            return (plain,)
        if plain.isascii() and plain.isalpha():
            return self._respell(plain)
        return self._read_odd(plain)

    def _read_odd(self, plain: str) -> tuple[str, ...]:
        """A word with signs, digits or pictures in it."""
        if "*" in plain and len(plain) <= LONGEST_CORRECTED and (starred := self._unstar(plain)):
            return (starred,)
        if unleeted := self._unleet(plain):
            return self._expansions.get(unleeted, (unleeted,))
        found: list[str] = []
        for piece in PIECES.findall(plain):
            if piece in self._emoji:
                found.append(self._emoji[piece])
            elif piece.isalpha():
                found.extend(self._respell(piece))
            elif piece.isdigit():
                found.append(piece)
        return tuple(found)

    def _respell(self, plain: str) -> tuple[str, ...]:
        """Letters only: stretched, misspelt or run together."""
        for squeezed in (plain, STRETCHED.sub(r"\1\1", plain), STRETCHED.sub(r"\1", plain)):
            if squeezed in self._vocabulary or squeezed in self._expansions:
                return self._expansions.get(squeezed, (squeezed,))
        dropped = f"{plain}g" if plain.endswith("in") and f"{plain}g" in self._vocabulary else None
        if near := dropped or self._correct(plain):
            return (near,)
        is_run = SHORTEST_SEGMENTED <= len(plain) <= LONGEST_SEGMENTED
        if is_run and (parts := self._segment(plain)):
            return tuple(word for part in parts for word in self._expansions.get(part, (part,)))
        return (plain,)

    def _correct(self, plain: str) -> str | None:
        """The key word that this is one slip away from."""
        if not SHORTEST_CORRECTED - 1 <= len(plain) <= LONGEST_CORRECTED:
            return None
        return self._near.get(plain) or next(
            (self._near[cut] for cut in _cuts(plain) if cut in self._near), None
        )

    def _unstar(self, plain: str) -> str | None:
        """`k*ll`, `s*icide`: the key word that fits."""
        body = plain.strip(".,")
        shape = re.compile(
            "".join("[a-z]+" if part[0] == "*" else re.escape(part) for part in _runs(body))
        )
        fitting = sorted(key for key in self._keys if shape.fullmatch(key))
        same = [key for key in fitting if len(key) == len(body)]
        return next(iter(same or fitting), None) if any(c.isalpha() for c in body) else None

    def _unleet(self, plain: str) -> str | None:
        """`su1c1de`, `k!ll`: the word of the vocabulary that it stands for."""
        if not any(mark in LEET for mark in plain) or not any(mark.isalpha() for mark in plain):
            return None
        choices = [LEET.get(mark, mark) for mark in plain]
        if sum(len(choice) > 1 for choice in choices) > 4:
            return None
        for letters in product(*choices):
            word = "".join(letters)
            for candidate in (word, STRETCHED.sub(r"\1\1", word), STRETCHED.sub(r"\1", word)):
                if candidate in self._keys or candidate in self._vocabulary:
                    return candidate
        return None

    def _segment(self, plain: str) -> list[str] | None:
        """`iwanttodie`: words of the vocabulary that it is made of, if a key word is among them."""
        best: list[list[str] | None] = [[]] + [None] * len(plain)
        for end in range(1, len(plain) + 1):
            for start in range(max(0, end - 12), end):
                before, word = best[start], plain[start:end]
                if before is None or not self._is_word(word):
                    continue
                found = best[end]
                if found is None or len(before) + 1 < len(found):
                    best[end] = [*before, word]
        parts = best[-1]
        return parts if parts and len(parts) > 1 and self._keys.intersection(parts) else None

    def _is_word(self, word: str) -> bool:
        return word in ("i", "a") or (
            len(word) > 1 and (word in self._vocabulary or word in self._expansions)
        )

    def joins(self, letters: str) -> tuple[str, ...] | None:
        """The words that a run of single letters spells; None if it spells none."""
        if letters in self._keys:
            return self._expansions.get(letters, (letters,))
        if len(letters) < 4:
            return None
        if letters in self._vocabulary:
            return (letters,)
        return tuple(parts) if (parts := self._segment(letters)) else None


def _bare(text: str) -> str:
    """Compatibility forms undone, accents taken off, look-alike letters made Latin."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(mark for mark in folded if not unicodedata.combining(mark))
    if any("a" <= mark <= "z" for mark in plain):
        plain = plain.translate(LOOK_ALIKES)
    return plain.translate(UNSEEN)


def _cuts(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def _near_misses(keys: Iterable[str]) -> dict[str, str]:
    """Every key word of some length, whole and with any one letter left out."""
    long = sorted(key for key in keys if len(key) >= SHORTEST_CORRECTED)
    near = {cut: key for key in long for cut in _cuts(key) if len(cut) >= SHORTEST_CORRECTED - 1}
    return near | {key: key for key in long}


def _runs(word: str) -> list[str]:
    return [match.group() for match in re.finditer(r"\*+|[^*]+", word)]


Token = tuple[str, int, int]


def tokens_of(text: str, speller: Speller) -> list[Token]:
    """The plain words of a text with their places in it; `.` where a sentence ends."""
    raw = [(match.group(), match.start(), match.end()) for match in WORDS.finditer(text)]
    found: list[Token] = []
    place = 0
    while place < len(raw):
        word, start, end = raw[place]
        if len(word) == 1 and word.isalnum() and (run := _spaced(raw, place, speller)):
            words, place, end = run
            found.extend((plain, start, end) for plain in words)
            continue
        place += 1
        if word[0] in ".!?;…\n/|":
            if found and found[-1][0] != STOP:
                found.append((STOP, start, end))
            continue
        found.extend((plain, start, end) for plain in speller.read(word))
    return found


def _spaced(
    raw: list[tuple[str, int, int]], first: int, speller: Speller
) -> tuple[tuple[str, ...], int, int] | None:
    """`s u i c i d e`, `k.m.s`: the words, the place after them, and where they end."""
    letters, place, last = "", first, first
    while place < len(raw) and len(letters) < LONGEST_RUN:
        word = raw[place][0]
        if len(word) == 1 and word.isalnum():
            letters, last = letters + word.casefold(), place
        elif word[0] != "." or len(word) > 1:
            break
        place += 1
    if len(letters) < 3:
        return None
    # What spells nothing is looked at once, not again from each of its letters.
    return speller.joins(letters) or tuple(letters), last + 1, raw[last][2]
