"""How near `--dry-run` comes to the memory that a run takes on a CPU, for random pairs of three shapes.

    cd tests && python -m speed.memory

Every pair is written to disk, forecast, and run in a process of its own: loaded, decoded, attributed, its
circuits run, and compared, on a few examples of one task, which count as solved. Predicted and measured peak
of each stage are printed, resident memory of the process with its libraries. Linux alone tells the peak by
stage. Run it on a quiet machine.
"""

import argparse
import ctypes
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from build.models import random_model
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.asking.attempts import Sieve, encoded_examples
from mechshift.benchmark.asking.pool import Pool, Solved
from mechshift.benchmark.forecast.memory import StagePeak, stage_peaks
from mechshift.benchmark.forecast.sizes import sketch_pair
from mechshift.benchmark.forecast.workload import commit_order, task_work
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.run.allocation import give_back_freed_memory
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.computing import Tell
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.measuring import Measuring
from mechshift.benchmark.run.plan import Cell, plan_run
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.provenance import subject_of
from mechshift.benchmark.run.store import Store
from mechshift.tasks import get_task

TASK = "star-path"
PROTOCOL = V2.changed(pool=32, minimum=4, candidates=1, disjoint=False, grid=(0.001, 1.0), resamples=10)
STAGES = {
    "pool": "decoding",
    "scores": "attribution",
    "sweep": "circuits",
    "entropies": "entropies",
    "effects": "effects",
    "cards": "cards",
    "stages": "other reads",
}
"""The stage in which a cell is computed, by the beginning of its name; of any other cell, comparison."""
SHAPES: dict[str, dict[str, Any]] = {
    # GPT-2 small: tied head, one map for query, key and value.
    "gpt2": {
        "vocabulary": 50_257,
        "positions": 1024,
        "width": 768,
        "mlp_width": 3072,
        "layers": 12,
        "heads": 12,
        "tied": True,
    },
    # Narrow, with Qwen2's vocabulary and grouped key/value heads.
    "qwen2": {
        "vocabulary": 151_936,
        "positions": 32_768,
        "width": 512,
        "mlp_width": 1408,
        "layers": 8,
        "heads": 8,
        "kv_heads": 2,
    },
    # Wider, with Llama's vocabulary and a key/value head per head.
    "llama": {
        "vocabulary": 32_000,
        "positions": 2048,
        "width": 1024,
        "mlp_width": 2816,
        "layers": 8,
        "heads": 16,
    },
}


class Peaks(Silent):
    """Peak resident memory of this process by stage, told apart by a run's progress."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self._start()

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Any]:
        """The stage of the cell; what came before it, such as reading cells back, belongs to it."""
        yield lambda done: None
        self.note(STAGES.get(cell.name.partition("-")[0], "comparison"))

    def note(self, stage: str) -> None:
        """The peak since the last note belongs to this stage."""
        self.of[stage] = max(self.of.get(stage, 0), _peak())
        self._start()

    def _start(self) -> None:
        if sys.platform == "linux":
            # What the C library keeps of a stage is free for the next one, and is not the next one's need.
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def write_pair(shape: str, folder: Path) -> None:
    """Two random checkpoints of a shape, with the tokenizer of the reference pair."""
    reference = Path(str(files("mechshift.baselines"))) / "reference" / "tiny"
    for seed, member in enumerate(("arm", "mdm")):
        random_model(shape, seed=seed, spread=None, **SHAPES[shape]).save_pretrained(folder / member)
        for path in (reference / member).glob("tokenizer*"):
            shutil.copy(path, folder / member)


def measure(folder: Path, rows: int) -> dict[str, int]:
    """Load the pair of a folder, run every stage, and give the peak of each in bytes."""
    give_back_freed_memory()
    peaks = Peaks()
    pair = load_pair(declare_pair(str(folder / "arm"), str(folder / "mdm")), "cpu")
    peaks.note("loading")
    measuring = Measuring(pair, rows)

    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        found = measuring(cell, needs, tell)
        return _as_if_solved(pair, cell, found) if cell.name == "pool" else found

    plan = plan_run(subject_of(pair), PROTOCOL, as_asked(PROTOCOL, [TASK], None))
    (outcome,) = execute(plan, PROTOCOL, Store(folder / "out"), compute, peaks)
    assert outcome.unusable is None
    peaks.note("comparison")
    return peaks.of


def _as_if_solved(pair: Pair, cell: Cell, found: Pool) -> Pool:
    """A random pair solves nothing: the pool with its first examples, committed from left to right."""
    task, sampling = get_task(cell.task.name), PROTOCOL.sampling
    stream = enumerate(task.examples(sampling.seed, "evaluation", cell.task.level))
    solved = [
        Solved(
            index=index,
            order=commit_order(pair.mdm, task, each, sampling),
            template=each.example.template,
        )
        for index, each in encoded_examples(pair, islice(stream, sampling.pool), Sieve(), sampling.read)
    ]
    return found.model_copy(update={"solved": tuple(solved)})


def forecast(folder: Path, rows: int) -> tuple[StagePeak, ...]:
    """What is predicted for the pair of a folder."""
    sketch = sketch_pair(declare_pair(str(folder / "arm"), str(folder / "mdm")))
    work = task_work(sketch, *as_asked(PROTOCOL, [TASK], None), PROTOCOL, rows)
    return stage_peaks(sketch.sizes, [each.weights for each in sketch.checkpoints], [work], PROTOCOL)


def compare(shape: str, rows: int) -> None:
    """Print predicted and measured peaks of a shape, by stage and in all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pair(shape, folder)
        command = [sys.executable, "-m", __spec__.name, "--measure", str(folder), "--rows", str(rows)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        predicted = {stage.stage: stage.together for stage in forecast(folder, rows)}
        predicted["loading"] = max(predicted["loading"], predicted.pop("checks"))  # one call does both
    for stage, bytes_ in [*predicted.items(), ("all", max(predicted.values()))]:
        measured = found.get(stage, max(found.values()))
        print(
            f"{shape:6} {stage:12} predicted {bytes_ / 1e9:5.2f} GB, measured {measured / 1e9:5.2f} GB, "
            f"ratio {bytes_ / measured:.2f}",
            flush=True,
        )


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, action="append", help="one of them; all if left out")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is not None:
        print(json.dumps(measure(arguments.measure, arguments.rows)))
        return
    for shape in arguments.shape or SHAPES:
        compare(shape, arguments.rows)


if __name__ == "__main__":
    main()
