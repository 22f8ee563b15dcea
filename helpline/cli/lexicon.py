"""`helpline detect` and `helpline lexicon`: judging texts from the command line."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from helpline.domain.crisis.judge import Detector, text_features
from helpline.domain.crisis.lexicon import BadLexicon, make_lexicon
from helpline.domain.crisis.opinion import make_opinion, train
from helpline.domain.crisis.result import RANK, Judgement, Level
from helpline.wiring import CONFIG, ROOT, load_detector

FIXTURES = ROOT / "tests" / "fixtures" / "crisis"
LEXICONS = CONFIG / "lexicon"
# How often, in a hundred, texts of other kinds may be taken for danger by the second opinion alone
# on the half that it was trained on, each held out in turn.
FALSE_ALARM_SHARES = {"hard_negative": 0.03}
FALSE_ALARM_SHARE = 0.002
FOLDS = 8
POSITIVE = "suicidal"


class BadLine(ValueError):
    """A line that is not what `detect` takes; the text says what it should be."""


@click.command()
def detect() -> None:
    """Judge texts, a JSON object a line on standard input, one a line on standard output.

    In: {"id": …, "text": "…"} or {"id": …, "texts": ["…", "…"]}, a person's messages in one
    conversation, oldest first. A malformed line gives {"id": null, "error": "…"} and, at the
    end, exit status 1.

    \b
    Example:
      helpline detect < in.jsonl > out.jsonl
    """
    detector = load_detector()
    bad = 0
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            answer = _judge_line(detector, line)
        except BadLine as reason:
            answer, bad = {"id": None, "error": str(reason)}, bad + 1
        click.echo(json.dumps(answer))
    if bad:
        click.echo(f"helpline: {bad} malformed line(s)", err=True)
        raise SystemExit(1)


def _judge_line(detector: Detector, line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line, parse_constant=_refuse_constant)
        json.dumps(asked, allow_nan=False)
    except (ValueError, RecursionError):
        raise BadLine("should be a JSON object in UTF-8") from None
    if not isinstance(asked, dict) or "id" not in asked or ("text" in asked) == ("texts" in asked):
        raise BadLine('should be an object with "id" and either "text" or "texts"')
    texts = asked.get("texts", [asked.get("text")])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadLine('"text" should be a string, "texts" a list of strings')
    return {"id": asked["id"], **as_answer(detector.judge_all(texts))}


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def as_answer(judgement: Judgement) -> dict[str, Any]:
    """A judgement as the contract writes it."""
    return {
        "level": judgement.level.value,
        "components": list(judgement.components),
        "subject": judgement.subject.value,
        "time": judgement.time.value,
        "rules": list(judgement.rules),
        "crisis_text": judgement.crisis_text,
        "lexicon": judgement.lexicon,
    }


@click.group()
def lexicon() -> None:
    """The words and patterns that the detector knows (`config/lexicon/`).

    \b
    Example:
      helpline lexicon check
    """


@lexicon.command()
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
def check(folder: Path | None) -> None:
    """Show how the fixtures fare, and what a changed lexicon in FOLDER would change.

    \b
    Example:
      helpline lexicon check
      helpline lexicon check drafts/lexicon
    """
    current = _load(LEXICONS)
    _show("In use", current)
    if folder is None:
        return
    try:
        changed = _load(folder)
    except (BadLexicon, tomllib.TOMLDecodeError, KeyError) as reason:
        click.echo(f"helpline: {folder} cannot be used: {reason}", err=True)
        raise SystemExit(1) from None
    _show(f"With {folder}", changed)
    for row in fixtures():
        before, after = current.judge_all([row["text"]]), changed.judge_all([row["text"]])
        if (before.level, before.crisis_text) != (after.level, after.crisis_text):
            click.echo(f"{before.level} -> {after.level}  [{row['label']}]  {row['text']}")


def _load(folder: Path) -> Detector:
    made = [make_lexicon(tomllib.loads(path.read_text())) for path in folder.glob("??.toml")]
    opinions = {
        path.name.split(".")[1]: make_opinion(json.loads(path.read_text()))
        for path in folder.glob("opinion.*.json")
    }
    return Detector(sorted(made, key=lambda each: each.language), (), opinions)


def _show(title: str, detector: Detector) -> None:
    click.echo(f"{title} ({detector.version}): texts, crisis text sent, at least concern")
    for (language, half, label), (total, sent, concern) in sorted(figures(detector).items()):
        click.echo(
            f"  {language} {half:<4} {label:<14} {total:>5} "
            f"{sent / total:>7.1%} {concern / total:>7.1%}"
        )


def figures(detector: Detector) -> Mapping[tuple[str, str, str], tuple[int, int, int]]:
    """By language, half and label: how many texts, crisis texts, and levels of concern or more."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for row in fixtures():
        judgement = detector.judge_all([row["text"]])
        count = counts[row["language"], half_of(row["text"]), row["label"]]
        count["total"] += 1
        count["sent"] += judgement.crisis_text
        count["concern"] += RANK[judgement.level] >= RANK[Level.CONCERN]
    return {key: (each["total"], each["sent"], each["concern"]) for key, each in counts.items()}


def fixtures() -> Iterator[dict[str, str]]:
    """Every fixture: its text, label and language."""
    for path in sorted(FIXTURES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield {"language": path.stem, **json.loads(line)}


def half_of(text: str) -> str:
    """`seen` while patterns are written and opinions trained, or `kept` back: by its hash."""
    return "seen" if hashlib.sha256(text.encode()).digest()[-1] % 2 else "kept"


@lexicon.command("train")
def train_opinions() -> None:
    """Train the second opinions anew on the half of the fixtures that may be seen.

    \b
    Example:
      helpline lexicon train
    """
    for path in sorted(LEXICONS.glob("??.toml")):
        made = make_lexicon(tomllib.loads(path.read_text(encoding="utf-8")))
        rules_only = Detector([made])
        rows = [
            (_features(rules_only, row["text"]), row["label"])
            for row in fixtures()
            if row["language"] == made.language and half_of(row["text"]) == "seen"
        ]
        raises_at, asks_at = _thresholds(rows)
        bias, weights = train([(features, label == POSITIVE) for features, label in rows])
        kept = {"bias": bias, "raises_at": raises_at, "asks_at": asks_at, "weights": weights}
        target = LEXICONS / f"opinion.{made.language}.json"
        target.write_text(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")
        click.echo(
            f"{target.name}: {len(rows)} texts, {len(weights)} weights, raises at {raises_at}"
        )


def _features(detector: Detector, text: str) -> frozenset[str]:
    return text_features(text, detector.lexicons[0], detector.judge_all([text]).signs)


def _thresholds(rows: list[tuple[frozenset[str], str]]) -> tuple[float, float]:
    """Where the opinion raises, and where it asks for a look: from texts each held out in turn."""
    negatives: dict[str, list[float]] = defaultdict(list)
    for fold in range(FOLDS):
        held = [row for place, row in enumerate(rows) if place % FOLDS == fold]
        rest = [row for place, row in enumerate(rows) if place % FOLDS != fold]
        bias, weights = train([(features, label == POSITIVE) for features, label in rest])
        opinion = make_opinion({"bias": bias, "weights": weights, "raises_at": 1, "asks_at": 1})
        for features, label in held:
            if label != POSITIVE:
                kind = label if label in FALSE_ALARM_SHARES else "calm"
                negatives[kind].append(opinion.probability(features))
    return _threshold(negatives, 1), _threshold(negatives, 8)


def _threshold(negatives: Mapping[str, list[float]], times: int) -> float:
    """The least probability that so many times the false alarms allowed of each kind reach."""
    least = []
    for kind, found in negatives.items():
        share = FALSE_ALARM_SHARES.get(kind, FALSE_ALARM_SHARE) * times
        least.append(sorted(found, reverse=True)[min(len(found) - 1, int(len(found) * share))])
    return round(min(0.99, max(least) + 0.005), 3)
