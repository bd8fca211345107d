"""Build the project's own board from the runs of the reference pairs, and its pages from the board."""

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import tomli_w

from ...benchmark.board.rows import make_board
from ...benchmark.pages.write import write_board
from ...benchmark.pairs.registry import get_listed
from ...benchmark.submission.write import Request, submit
from ...errors import UsageError
from ..structure.roster import PAIRS

MADE = date(2026, 11, 29)
"""The day in the names of the submissions, so that building them again changes none."""
SIZE = 3.5
"""Megabytes of a submission: small enough for a repository."""


def build_submissions(runs: Path, board: Path) -> Iterator[Path]:
    """Write a submission of every reference pair that has a run, `RUNS/PAIR`.

    Raises UsageError where none has, and what `submit` raises.
    """
    there = [pair for pair in PAIRS if pair not in without_run(runs)]
    if not there:
        raise UsageError(
            f"{runs} has no run of a reference pair", f"name the folder that has {PAIRS[0]}, with its cells"
        )
    with tempfile.TemporaryDirectory() as folder:
        for pair in there:
            card = Path(folder, f"{pair}.toml")
            card.write_text(tomli_w.dumps(card_of(pair)), encoding="utf-8")
            yield submit(runs / pair, board, Request(SIZE, MADE, card)).path


def without_run(runs: Path) -> tuple[str, ...]:
    """The reference pairs that have no run there."""
    return tuple(pair for pair in PAIRS if not (runs / pair).is_dir())


def build_pages(board: Path, pages: Path) -> list[Path]:
    """Write the pages of a board, its own first. Raises what `make_board` and `write_board` raise."""
    return write_board(make_board(board), pages)


def card_of(pair: str) -> dict[str, object]:
    """The card of a reference pair's submission, from its entry in the registry."""
    entry = get_listed(pair).entry
    where = f"mechshift, baselines/reference/{pair}"
    return {
        "authors": ["The mechshift authors"],
        "contact": "the issues of mechshift's repository",
        "pair": pair,
        "date": MADE,
        "description": entry.about,
        "confounds": "\n".join(entry.confounds) or "none known: both members saw the same mixture of tasks",
        "weights_licence": "Apache-2.0",
        "licence": "Apache-2.0",
        "checkpoints": {"arm": "mechshift, baselines/reference/tiny/arm", "mdm": where},
    }
