"""A small statistical second opinion, behind the rules: it can only raise, and is shown as itself.

A logistic regression over the plain words, pairs of words and rules of one text, trained on the
project's own fixtures (`helpline lexicon train`), the same each time it is trained.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

SCALE = 1000
ROUNDS = 40
STEP = 0.5
PENALTY = 2e-4
SEEN_AT_LEAST = 2


def features_of(words: Sequence[str], rules: Iterable[str]) -> frozenset[str]:
    """What is looked at in one text: words, neighbours, words two apart, and rules that matched."""
    pairs = {f"{one} {two}" for one, two in pairwise(words)}
    apart = {f"{one} _ {two}" for one, two in zip(words, words[2:], strict=False)}
    return frozenset({*words, *pairs, *apart, *(f"#{rule}" for rule in rules)})


@dataclass(frozen=True, slots=True)
class Opinion:
    """Weights in thousandths. `raises_at` and `asks_at` are probabilities (see `judge`)."""

    bias: int
    weights: Mapping[str, int] = field(repr=False)
    raises_at: float
    asks_at: float

    def probability(self, features: frozenset[str]) -> float:
        """How likely a text with these features speaks of the writer's own death, 0 to 1."""
        known = [weight for name in features if (weight := self.weights.get(name)) is not None]
        if not known:
            return 0.0
        score = (self.bias + sum(known) / math.sqrt(len(features))) / SCALE
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def train(examples: Sequence[tuple[frozenset[str], bool]]) -> tuple[int, dict[str, int]]:
    """Bias and weights from texts' features and whether each is positive. Deterministic."""
    seen = Counter(name for features, _ in examples for name in features)
    kept = {name for name, times in seen.items() if times >= SEEN_AT_LEAST}
    rows = [
        (sorted(features & kept), 1 / math.sqrt(max(1, len(features))), positive)
        for features, positive in examples
    ]
    positives = sum(positive for _, _, positive in rows)
    share = {True: len(rows) / (2 * positives), False: len(rows) / (2 * (len(rows) - positives))}
    weights = dict.fromkeys(kept, 0.0)
    squares = dict.fromkeys(kept, 1e-6)
    bias = 0.0
    for _ in range(ROUNDS):
        for names, size, positive in rows:
            score = bias + size * sum(weights[name] for name in names)
            error = (1 / (1 + math.exp(-max(-30.0, min(30.0, score)))) - positive) * share[positive]
            bias -= 0.05 * error
            for name in names:
                slope = error * size + PENALTY * weights[name]
                squares[name] += slope * slope
                weights[name] -= STEP * slope / math.sqrt(squares[name])
    rounded = {name: round(weight * SCALE) for name, weight in sorted(weights.items())}
    return round(bias * SCALE), {name: weight for name, weight in rounded.items() if weight}


def make_opinion(raw: Mapping[str, Any]) -> Opinion:
    """An opinion from its file's values."""
    return Opinion(
        bias=int(raw["bias"]),
        weights={str(name): int(weight) for name, weight in raw["weights"].items()},
        raises_at=float(raw["raises_at"]),
        asks_at=float(raw["asks_at"]),
    )
