"""Build the project's own board from the runs of the reference pairs, and its pages from the board."""

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import tomli_w

from ...benchmark.board.rows import make_board
from ...benchmark.pages.write import write_board
from ...benchmark.pairs.registry import get_listed
from ...benchmark.record.files import read_model
from ...benchmark.record.protocol import V2
from ...benchmark.record.record import Record
from ...benchmark.submission.write import Request, submit
from ...errors import UsageError
from ..structure.kept import write_kept
from ..structure.roster import BASE, CONTROL, PAIRS

MADE = date(2026, 11, 29)
"""The day in the names of the submissions, so that building them again changes none."""
SIZE = 9.4
"""Megabytes of a submission before it is packed, which takes a third of them."""

ON_BOARD = (BASE, CONTROL)
"""The pairs whose submissions are in the repository, which has no room for those of all."""


def build_submissions(runs: Path, board: Path) -> Iterator[Path]:
    """Write the submissions of the board from their runs, `RUNS/PAIR`.

    Raises UsageError where a run is missing, and what `submit` raises.
    """
    if absent := [pair for pair in ON_BOARD if pair in without_run(runs)]:
        raise UsageError(
            f"{runs} has no run of {' and '.join(absent)}", "name the folder that has them, with their cells"
        )
    with tempfile.TemporaryDirectory() as folder:
        for pair in ON_BOARD:
            card = Path(folder, f"{pair}.toml")
            card.write_text(tomli_w.dumps(card_of(pair)), encoding="utf-8")
            yield submit(runs / pair, board, Request(SIZE, MADE, card, packed=True)).path


def build_records(runs: Path, reference: Path) -> Iterator[Path]:
    """Write the record of every reference pair that has a run, `RUNS/PAIR`, into the pair's folder.

    Raises NotComputable for a record that cannot be read, OutputError where one cannot be written.
    """
    absent = without_run(runs)
    for pair in PAIRS:
        if pair not in absent:
            yield write_kept(read_model(record_of(runs, pair), Record), reference / pair)


def record_of(runs: Path, pair: str) -> Path:
    """Where a pair's run under `v2` has its record."""
    return runs / pair / f"{pair}-{V2.name}.json"


def without_run(runs: Path) -> tuple[str, ...]:
    """The reference pairs that have no run there."""
    return tuple(pair for pair in PAIRS if not record_of(runs, pair).is_file())


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
