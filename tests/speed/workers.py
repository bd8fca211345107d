"""How much faster a run is with two workers: the same command, each time from nothing. Run it alone."""

import os
import sys
import tempfile

from speed.results import Found, reading
from speed.timing import Asked, ratio

TASKS = ("greater-than", "ioi", "article")
LEAST_OF_TWO = 1.7


def run(workers: int, tasks: tuple[str, ...], asked: Asked) -> float:
    """Seconds of a run of `tiny`, loading included."""
    named = [word for task in tasks for word in ("--task", task)]
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "mechshift", "run", *named, "--workers", str(workers), "--quiet"]
        # Time on the clock: of processors two workers take no less than one.
        return Asked(asked.quick).seconds_of_command([*command, "--out", out], env=_environment())


def _environment() -> dict[str, str]:
    """One thread for each, as the run itself has it for so narrow a model."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def measured(asked: Asked) -> Found:
    """Seconds of a run with one worker and with two, on the clock, and their ratio."""
    tasks, rounds = (TASKS[:1], 1) if asked.quick else (TASKS, 2)
    times: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            times[workers].append(run(workers, tasks, asked))
    return Found(
        readings=(
            ratio("1 worker / 2 workers", times[1], times[2], least=LEAST_OF_TWO),
            reading("1 worker", times[1], "s"),
            reading("2 workers", times[2], "s"),
        ),
        notes=(f"`mechshift run` of `tiny` under `quick`, tasks: {', '.join(tasks)}; loading is counted.",),
    )
