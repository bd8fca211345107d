"""How near `--dry-run` comes to the memory that a run takes on a CPU, for random pairs of three shapes.

    cd tests && python -m speed.memory
    cd tests && python -m speed.memory --within 2GB --layers 2 --layers 12 --layers 24

Every pair is written to disk, forecast, and run in a process of its own: loaded, decoded, attributed, its
circuits run, and compared, on a few examples of one task, which count as solved. Predicted and measured peak
of each stage are printed, resident memory of the process with its libraries. Linux alone tells the peak by
stage. Run it on a quiet machine.

`--within` keeps GPT-2 small, of that many layers and with prompts of 200 tokens, to so much memory, as
`mechshift run --memory` does. `--pool` takes fewer examples, and `--cells` only cells of that kind and what
they need: at 24 layers `effects` are hours on one core.
"""

import argparse
import ctypes
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from build.models import random_model
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.asking.attempts import Sieve, encoded_examples
from mechshift.benchmark.asking.pool import Pool, Solved
from mechshift.benchmark.forecast.before import Asked, dry_run
from mechshift.benchmark.forecast.machine import parse_memory
from mechshift.benchmark.forecast.memory import StagePeak, stage_peaks
from mechshift.benchmark.forecast.sizes import sketch_pair
from mechshift.benchmark.forecast.workload import commit_order, task_work
from mechshift.benchmark.pairs.limits import USUAL, Limits
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import PairSpec, declare_pair
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.benchmark.run.allocation import give_back_freed_memory
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.computing import Tell
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.measuring import Measuring
from mechshift.benchmark.run.plan import Cell, kinds_of, plan_run
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.provenance import subject_of
from mechshift.benchmark.run.store import Store
from mechshift.tasks import Example, Task, get_task, registry
from mechshift.tasks.example import Draw
from mechshift.tasks.export import fingerprint

TASK = "star-path"
PADDING, PADDED = ", 0 5", 57
"""An edge more of the task's graph, and how often it stands in a prompt of 200 tokens."""
PROTOCOL = V2.changed(pool=32, minimum=4, candidates=1, disjoint=False, grid=(0.001, 1.0), resamples=10)
STAGES = {
    "pool": "decoding",
    "scores": "attribution",
    "sweep": "circuits",
    "entropies": "entropies",
    "effects": "effects",
    "cards": "cards",
    "stages": "other reads",
    "ablation": "ablation",
    "transfer": "transfer",
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


def write_pair(shape: str, folder: Path, **changes: Any) -> None:
    """Two random checkpoints of a shape, with the tokenizer of the reference pair."""
    reference = Path(str(files("mechshift.baselines"))) / "reference" / "tiny"
    for seed, member in enumerate(("arm", "mdm")):
        random_model(shape, seed=seed, spread=None, **{**SHAPES[shape], **changes}).save_pretrained(
            folder / member
        )
        for path in (reference / member).glob("tokenizer*"):
            shutil.copy(path, folder / member)


def declared(folder: Path) -> PairSpec:
    """The pair of a folder; random weights fill gaps by chance, so that its behaviour says nothing."""
    return declare_pair(str(folder / "arm"), str(folder / "mdm"))


def measure(
    folder: Path,
    rows: int,
    protocol: Protocol = PROTOCOL,
    limits: Limits = USUAL,
    cells: Sequence[str] | None = None,
) -> dict[str, int]:
    """Load the pair of a folder, run every stage, and give the peak of each in bytes."""
    give_back_freed_memory(limits.bounded)
    peaks = Peaks()
    pair = load_pair(declared(folder), "cpu", accept_behaviour=True, limits=limits)
    peaks.note("loading")
    measuring = Measuring(pair, rows)

    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        found = measuring(cell, needs, tell)
        return _as_if_solved(pair, protocol, cell, found) if cell.name == "pool" else found

    plan = plan_run(subject_of(pair), protocol, as_asked(protocol, [TASK], None), cells)
    (outcome,) = execute(plan, protocol, Store(folder / "out"), compute, peaks)
    assert outcome.unusable is None
    peaks.note("comparison")
    return peaks.of


def measure_within(folder: Path, size: int, pool: int, kinds: Sequence[str]) -> dict[str, Any]:
    """As `measure`, of long prompts and told to keep to so many bytes, with what was forecast."""
    registry._TASKS[TASK] = with_long_prompts(get_task(TASK))
    # Little of what takes long and no more memory the more there is of it.
    protocol = PROTOCOL.changed(
        pool=pool, minimum=2, steps=5, convergence=2, beside_examples=2, crossed=2, swept=2, ablated=2
    )
    asked = Asked(declared(folder), protocol, (get_task(TASK),), None, None, None, "cpu", memory=size)
    run = dry_run(asked, folder / "out")
    run.check()
    found = run.forecast
    wanted = [kind.name for kind in kinds_of(protocol) if kind.stage in kinds] or None
    measured = measure(folder, found.rows, protocol, found.limits, wanted)
    predicted = {stage.stage: stage.together for stage in found.stages}
    return {
        "predicted": predicted,
        "measured": measured,
        "rows": found.rows,
        "tokens": max(load.tokens for load in found.tasks[0].mdm.attribution),
        **vars(found.limits),
    }


def with_long_prompts(task: Task) -> Task:
    """The task with many more edges in its graphs, behind what clean and corrupted prompts differ in."""

    def longer(text: str) -> str:
        return text.replace(". Path:", f"{PADDING * PADDED}. Path:")

    def draw(given: Draw) -> Example | None:
        found = task.draw(given)
        if found is None:
            return None
        return replace(found, clean=longer(found.clean), corrupted=longer(found.corrupted), roles=())

    return replace(task, draw=draw)


def _as_if_solved(pair: Pair, protocol: Protocol, cell: Cell, found: Pool) -> Pool:
    """A random pair solves nothing: the pool with its first examples, committed from left to right."""
    task, sampling = get_task(cell.task.name), protocol.sampling
    stream = enumerate(task.examples(sampling.seed, "evaluation", cell.task.level))
    taken = list(encoded_examples(pair, islice(stream, sampling.pool), Sieve(), sampling.read))
    solved = tuple(
        Solved(
            index=index,
            order=commit_order(pair.mdm, task, each, sampling),
            template=each.example.template,
        )
        for index, each in taken
    )
    examples = [each.example for _, each in taken]
    return found.model_copy(update={"solved": solved, "fingerprint": fingerprint(examples)})


def forecast(folder: Path, rows: int) -> tuple[StagePeak, ...]:
    """What is predicted for the pair of a folder."""
    sketch = sketch_pair(declared(folder))
    work = task_work(sketch, *as_asked(PROTOCOL, [TASK], None), PROTOCOL, rows)
    return stage_peaks(sketch.sizes, [each.weights for each in sketch.checkpoints], [work], PROTOCOL)


def compare(shape: str, rows: int) -> None:
    """Print predicted and measured peaks of a shape, by stage and in all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pair(shape, folder)
        found = _in_a_process(folder, "--rows", str(rows))
        predicted = {stage.stage: stage.together for stage in forecast(folder, rows)}
        predicted["loading"] = max(predicted["loading"], predicted.pop("checks"))  # one call does both
    for stage, bytes_ in [*predicted.items(), ("all", max(predicted.values()))]:
        measured = found.get(stage, max(found.values()))
        _print_row(shape, stage, bytes_, measured)


def compare_within(size: str, layers: int, pool: int, kinds: Sequence[str]) -> None:
    """Print how a pair of so many layers is held within so much memory, and its peaks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pair("gpt2", folder, layers=layers)
        options = ["--within", size, "--pool", str(pool), *(f"--cells={kind}" for kind in kinds)]
        found = _in_a_process(folder, *options)
    predicted, measured = found["predicted"], found["measured"]
    predicted["loading"] = max(predicted["loading"], predicted.pop("checks"))  # one call does both
    print(
        f"{layers} layers, {found['tokens']} tokens within {size}: {found['rows']} rows, "
        f"{'one member at a time' if found['in_turn'] else 'both members'}, 1/{round(1 / found['share'])} "
        "of what is usual at once"
    )
    for stage in (each for each in predicted if each in measured):
        _print_row(f"{layers} layers", stage, predicted[stage], measured[stage])
    both = set(predicted) & set(measured)
    _print_row(f"{layers} layers", "all", max(predicted[one] for one in both), max(measured.values()))


def _in_a_process(folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", __spec__.name, "--measure", str(folder), *options]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _print_row(name: str, stage: str, predicted: int, measured: int) -> None:
    print(
        f"{name:9} {stage:12} predicted {predicted / 1e9:5.2f} GB, measured {measured / 1e9:5.2f} GB, "
        f"ratio {predicted / measured:.2f}",
        flush=True,
    )


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, action="append", help="one of them; all if left out")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--within", metavar="SIZE", help="keep GPT-2 small to so much memory, such as 2GB")
    parser.add_argument("--layers", type=int, action="append", help="with --within; 2, 6, 12 and 24")
    parser.add_argument("--pool", type=int, default=48, help="with --within: examples")
    parser.add_argument("--cells", action="append", default=[], help="with --within: only such cells")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    within, pool, kinds = arguments.within, arguments.pool, arguments.cells
    if arguments.measure is not None and within is not None:
        print(json.dumps(measure_within(arguments.measure, parse_memory(within), pool, kinds)))
        return
    if arguments.measure is not None:
        print(json.dumps(measure(arguments.measure, arguments.rows)))
        return
    if within is not None:
        for layers in arguments.layers or (2, 6, 12, 24):
            compare_within(within, layers, pool, kinds)
        return
    for shape in arguments.shape or SHAPES:
        compare(shape, arguments.rows)


if __name__ == "__main__":
    main()
