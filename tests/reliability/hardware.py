"""How far cells lie apart that other hardware computes: what `validate --rerun` has to tolerate.

    python -m reliability.hardware RUN PAIR [TASK …]

RUN is the folder of a finished run of PAIR. Its cells are computed again in ways that differ in nothing but
rounding: in other batches, with the plainest instructions of the processor, and with weights and arithmetic
of 64 bits. Then the pair is run under `quick` with weights in bfloat16, and its cells are computed again in
other batches, and with the same weights in arithmetic of 32 bits: other hardware rounds bfloat16 elsewhere,
but not by more. The largest deviation of every stage is printed.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

OTHER_ROWS, ROWS = 7, 64
PLAIN = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}


def deviations(run: Path, name: str, tasks: Sequence[str], rows: int, dtypes: tuple[str, str]) -> None:
    """Print the largest deviation by stage, of all cells of these tasks.

    `dtypes`: precision at which the pair is loaded, and in which it computes.
    """
    import torch

    import mechshift
    from mechshift.benchmark.record.folder import read_folder
    from mechshift.benchmark.rerun.rerun import choose_cells, rerun_cells

    ((path, record),) = read_folder(run).items()
    stored, computed = dtypes
    precision = None if stored == "float32" else stored
    pair = mechshift.load(name, dtype=precision, device="cpu", accept_behaviour=True)
    for member in pair.members:
        member.backbone.model.to(getattr(torch, computed))
    chosen = [one for one in choose_cells(record, 10**6, random.Random(0)) if one.task.name in tasks]
    found = rerun_cells(path, record, chosen, pair, rows, None, lambda _: None)
    largest: dict[str, float] = {}
    for one in found.cells:
        stage = one.name.partition("-")[0]
        largest[stage] = max(largest.get(stage, 0.0), one.deviation)
        if one.circuits is not None:
            called = f"circuits of {stage}"
            largest[called] = max(largest.get(called, 0.0), one.circuits)
    print(json.dumps(largest))


def in_bfloat16(name: str, tasks: Sequence[str], folder: Path) -> None:
    """Run the pair with weights in bfloat16."""
    import mechshift

    pair = mechshift.load(name, dtype="bfloat16", device="cpu", accept_behaviour=True)
    mechshift.run(pair, "quick", tasks, out=folder)


def main() -> None:
    """Print the table; a way is measured in a process of its own, as instructions are chosen at its start."""
    place, name, *tasks = sys.argv[1:]
    if way := os.environ.get("MECHSHIFT_WAY"):
        _measure(way, Path(place), name, tasks)
        return
    for way in ("other batches", "plain instructions", "64 bits"):
        _tell(way, [place, name, *tasks], PLAIN if way == "plain instructions" else {})
    with tempfile.TemporaryDirectory() as folder:
        for way in ("run in bfloat16", "bfloat16, other batches", "bfloat16, 32 bits"):
            _tell(way, [folder, name, *tasks], {})


def _measure(way: str, place: Path, name: str, tasks: Sequence[str]) -> None:
    ways: dict[str, Callable[[], None]] = {
        "other batches": lambda: deviations(place, name, tasks, OTHER_ROWS, ("float32", "float32")),
        "plain instructions": lambda: deviations(place, name, tasks, ROWS, ("float32", "float32")),
        "64 bits": lambda: deviations(place, name, tasks, ROWS, ("float32", "float64")),
        "run in bfloat16": lambda: in_bfloat16(name, tasks, place),
        "bfloat16, other batches": lambda: deviations(
            place, name, tasks, OTHER_ROWS, ("bfloat16", "bfloat16")
        ),
        "bfloat16, 32 bits": lambda: deviations(place, name, tasks, ROWS, ("bfloat16", "float32")),
    }
    ways[way]()


def _tell(way: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "reliability.hardware", *arguments]
    done = subprocess.run(
        command,
        env=os.environ | {"MECHSHIFT_WAY": way} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"{way:25} {done.stdout.strip() or done.stderr[-400:]}", flush=True)


if __name__ == "__main__":
    main()
