"""The README shows the reference pair's record as it is, and not as it once was."""

from importlib.resources import files
from pathlib import Path

from mechshift.benchmark.leaderboard.show import render
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.protocol import get_protocol
from mechshift.benchmark.record import Record
from mechshift.benchmark.store import read_model
from mechshift.tasks import list_tasks

README = Path(__file__).parents[1] / "README.md"
REFERENCE = Path(str(files("mechshift.baselines"))) / "reference" / "tiny"


def reference_record() -> Record:
    return read_model(REFERENCE / "record.json", Record)


def test_the_row_is_the_record_s() -> None:
    row = render(reference_record()).split("\n\n")[1]
    assert f"```text\n{row}\n```" in README.read_text(encoding="utf-8")


def test_the_record_is_of_the_tasks_protocol_and_weights_that_are_here() -> None:
    from mechshift.benchmark.pairs.checkpoint import find_checkpoint

    record, spec = reference_record(), get_pair("tiny")
    assert record.protocol == get_protocol("v1")
    assert not record.reductions
    assert {task.task: task.version for task in record.tasks} == {
        task.card.name: task.card.version for task in list_tasks()
    }
    assert record.pair.arm.digest == find_checkpoint(spec.arm).digest()
    assert record.pair.mdm.digest == find_checkpoint(spec.mdm).digest()


def test_the_accuracies_are_as_promised() -> None:
    promised = {"ioi": 0.95, "greater-than": 0.95, "infilling": 0.90, "countdown": 0.85}
    for task in reference_record().tasks:
        for behaviour in (task.pool.arm, task.pool.mdm):
            assert behaviour.solved / behaviour.tried >= promised[task.task]


def test_weights_are_small_enough_to_be_committed() -> None:
    for member in ("arm", "mdm"):
        assert (REFERENCE / member / "model.safetensors").stat().st_size <= 8 * 10**6
