"""Random pairs that run through every stage of a protocol, and the peak of memory at each of them.

A pair is written to disk, loaded, decoded, attributed, its circuits run, and compared, on a few examples of
one task, which count as solved. `measure_within` keeps GPT-2 small, of some number of layers and with prompts
of 200 tokens, to so much memory, as `mechshift run --memory` does.
"""

import shutil
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
from speed.peak import peak, start_anew

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
        start_anew()

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Any]:
        """The stage of the cell; what came before it, such as reading cells back, belongs to it."""
        yield lambda done: None
        self.note(STAGES.get(cell.name.partition("-")[0], "comparison"))

    def note(self, stage: str) -> None:
        """The peak since the last note belongs to this stage."""
        self.of[stage] = max(self.of.get(stage, 0), peak())
        start_anew()


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
