"""Time of a leaderboard against its rows: reading, ranking, judging, writing the table."""

import tempfile
from pathlib import Path

import numpy as np

from build.boards import write_board
from mechshift.benchmark.board.board import read_board
from mechshift.benchmark.board.ranks import rank_entries
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.board.table import BoardView, board_table
from mechshift.benchmark.record.row import pair_quantities
from mechshift.metrics.ranking import Measurements, pairwise_p
from speed.results import Found
from speed.timing import Asked, Work, curve, in_turn

QUANTITY = "task_dependent_shift"


def dearest(rows: int, tasks: int = 8, resamples: int = 200) -> None:
    """All pairs of rows paired on every task, which costs most."""
    generator = np.random.default_rng(0)
    parts = []
    for _ in range(tasks):
        values = generator.normal(size=rows)
        draws = values[:, None] + generator.normal(size=(rows, resamples))
        shared = np.zeros(rows, dtype=np.int64)
        freedom = generator.integers(9, 24, rows).astype(float)
        parts.append(Measurements(values, values - 2, values + 2, draws, shared, freedom, freedom))
    pairwise_p(parts, [0.25] * 4 + [-0.25] * (tasks - 4))


def works(board: Path, rows: int) -> dict[str, Work]:
    """The steps of a board of that many submissions."""
    quantity = next(each for each in pair_quantities() if each.name == QUANTITY)
    contents = read_board(board, quantity=quantity, judged=True)
    return {
        "reading, with draws": lambda: read_board(board, quantity=quantity, judged=True),
        "ranking": lambda: rank_entries(contents.entries, quantity),
        "verdicts": lambda: [row.verdicts for row in make_board(board).rows],
        "the whole table": lambda: board_table(board, BoardView(), "text"),
        "ranking where all rows share eight tasks": lambda: dearest(rows),
    }


def measured(asked: Asked) -> Found:
    """Seconds of each step against rows."""
    sizes, rounds = ((6, 12), 1) if asked.quick else ((25, 50, 100), 2)
    by_step: dict[str, dict[float, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            board = Path(folder, str(rows))
            write_board(board, rows)
            for name, times in in_turn(works(board, rows), rounds, asked.seconds).items():
                by_step.setdefault(name, {})[rows] = times
    return Found(
        curves=tuple(curve(name, "rows", "s", times) for name, times in by_step.items()),
        notes=("Made-up records of ten tasks with 200 draws; a control beside every ten pairs.",),
    )
