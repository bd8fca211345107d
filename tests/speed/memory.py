"""How near `--dry-run` comes to the memory that a run takes on a CPU, for random pairs of three shapes.

Every pair is written to disk, forecast, and run in a process of its own: loaded, decoded, attributed, its
circuits run, and compared, on a few examples of one task, which count as solved. Peaks are resident memory of
the process with its libraries. Linux alone tells the peak by stage.
"""

import shutil
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
from speed.apart import apart
from speed.peak import LINUX, NOT_LINUX, peak, start_anew
from speed.results import Found, Reading, reading
from speed.timing import Asked

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
NEAR = 1.15
"""How far predicted and measured peaks of a run may be apart."""
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


def compare(shape: str, rows: int) -> list[Reading]:
    """Predicted over measured peaks of a shape, by stage and of the whole run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pair(shape, folder)
        found = apart(measure, folder, rows)
        predicted = {stage.stage: stage.together for stage in forecast(folder, rows)}
    predicted["loading"] = max(predicted["loading"], predicted.pop("checks"))  # one call does both
    readings = []
    for stage, bytes_ in [*predicted.items(), ("whole run", max(predicted.values()))]:
        held = found.get(stage, max(found.values()))
        wanted = {"least": 1 / NEAR, "most": NEAR} if stage == "whole run" else {}
        readings += [
            reading(f"{shape}, {stage}: measured", [held / 1e9], "GB"),
            reading(f"{shape}, {stage}: predicted / measured", [bytes_ / held], "×", **wanted),
        ]
    return readings


def measured(asked: Asked) -> Found:
    """All of that for every shape."""
    if not LINUX:
        return Found(readings=(Reading(name="peaks by stage", missing=NOT_LINUX),))
    shapes, rows = (("llama",), 4) if asked.quick else (tuple(SHAPES), 64)
    return Found(
        readings=tuple(each for shape in shapes for each in compare(shape, rows)),
        notes=(f"{TASK}, up to {rows} token rows at once.",),
    )
