"""A town of real processes for each test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.town import Town


@pytest.fixture
def make_town() -> Iterator[Callable[..., Town]]:
    """Start a town with settings of its own; stopped at the end."""
    towns: list[Town] = []
    with tempfile.TemporaryDirectory(prefix="town") as folder:
        Path(folder).chmod(0o711)

        def make(**changed: object) -> Town:
            town = Town(Path(folder) / f"var{len(towns)}", **changed)
            towns.append(town)
            town.start()
            return town

        yield make
        for town in towns:
            town.stop()
