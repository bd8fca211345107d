"""Time and memory of a leaderboard of many rows: reading, ranking, judging, writing the table.

python -m speed.board --rows 500
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from build.boards import write_board
from mechshift.benchmark.board.board import read_board
from mechshift.benchmark.board.ranks import rank_entries
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.board.table import BoardView, board_table
from mechshift.benchmark.record.row import pair_quantities
from mechshift.metrics.ranking import Measurements, pairwise_p

T = TypeVar("T")
QUANTITY = "task_dependent_shift"


def timed(what: str, work: Callable[[], T]) -> T:
    """What the work gives; prints its processor time and how much memory was held at the most by then."""
    start = time.process_time()
    found = work()
    seconds = time.process_time() - start
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:55s} {seconds:6.1f} s, at most {held:,.0f} MiB so far", flush=True)
    return found


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


def main() -> None:
    """Print the seconds of each step on a board of that many submissions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder)
        timed(f"make {rows} submissions", lambda: write_board(board, rows))
        quantity = next(each for each in pair_quantities() if each.name == QUANTITY)
        contents = timed(
            "read them, with their draws", lambda: read_board(board, quantity=quantity, judged=True)
        )
        ranking = timed(f"rank by {QUANTITY}", lambda: rank_entries(contents.entries, quantity))
        found = timed("both, with controls beside their pairs", lambda: make_board(board))
        timed("the verdicts of all rows", lambda: [row.verdicts for row in found.rows])
        timed("all of that, and the text of the table", lambda: board_table(board, BoardView(), "text"))
    ranked = len(ranking.adjusted)
    print(f"{ranked} ranked rows, {ranked * (ranked - 1) // 2:,} pairs")
    timed(f"pairs of {rows} rows, all paired on 8 tasks of 200 draws", lambda: dearest(rows))


if __name__ == "__main__":
    main()
