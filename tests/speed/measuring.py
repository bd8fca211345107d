"""A benchmark measured in this process, and when what was kept of it need not be measured again."""

import datetime
import time
from pathlib import Path

import torch
from pydantic import ValidationError

from speed.others import watch
from speed.registry import BENCHMARKS
from speed.results import Machine, Result, Results, code_digest
from speed.timing import Asked


def measure(name: str, asked: Asked, threads: int) -> Result:
    """A benchmark's result, measured in this process."""
    torch.set_num_threads(threads)
    benchmark = next(each for each in BENCHMARKS if each.name == name)
    machine, others = Machine.here(asked.clock), watch()
    start = time.perf_counter()
    found = benchmark.run(asked)
    seconds, busy = time.perf_counter() - start, others()
    return Result(
        benchmark=name,
        quick=asked.quick,
        date=datetime.datetime.now(datetime.UTC).date(),
        seconds=round(seconds, 1),
        others=None if busy is None else round(busy, 2),
        code=code_digest(),
        machine=machine,
        found=found,
    )


def still_holds(result: Result, asked: Asked, threads: int) -> bool:
    """Whether a kept result is what would be measured now: same code, size and machine, its versions too."""
    here = Machine.here(asked.clock).model_copy(update={"threads": threads})
    return (result.code, result.quick, result.machine) == (code_digest(), asked.quick, here)


def path_of(folder: Path, name: str, quick: bool) -> Path:
    """Where a benchmark's result is kept."""
    return folder / ("quick" if quick else "full") / f"{name}.json"


def kept(path: Path, asked: Asked, threads: int) -> Result | None:
    """The result in a file, where there is one that still holds."""
    try:
        found = Results.read(path).results
    except ValidationError:  # kept by code that had other results
        return None
    return found[0] if found and still_holds(found[0], asked, threads) else None
