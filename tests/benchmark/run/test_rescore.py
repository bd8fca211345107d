"""Every number of a record from its cells alone: no model, no torch, the same bytes."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from build.tampering import rounded
from mechshift.benchmark.cli.rescore import rescore as rescore_command
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run import progress
from mechshift.benchmark.run.rescore import find_records, rescore
from mechshift.benchmark.run.store import Seal, read_seal
from mechshift.errors import NotComputable, UsageError

Measured = tuple[Record, Path]


@pytest.fixture
def path(measured: Measured, tmp_path: Path) -> Path:
    """A record beside its cells, in a copy of an undisturbed run."""
    shutil.copytree(measured[1], tmp_path / "out")
    (found,) = (tmp_path / "out").glob("*.json")
    return found


def test_a_record_is_the_same_from_its_cells(path: Path) -> None:
    found = rescore(path)
    assert found.differences == ()
    assert found.record.model_dump_json() + "\n" == path.read_text(encoding="utf-8")


def test_each_task_is_told(path: Path) -> None:
    lines: list[str] = []
    names = [task.task for task in rescore(path, lines.append).record.results]
    assert lines == [
        f"[{number}/{len(names)} {name}] computing again from its cells …"
        for number, name in enumerate(names, 1)
    ]


def test_it_takes_no_torch(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from mechshift.benchmark.run.rescore import rescore\n"
        "print(len(rescore(Path(sys.argv[1])).differences))\n"
        "print(sorted({'torch', 'transformers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n[]\n"


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("summary", "one_size", "edges"), 77, "summary.one_size.edges"),
        (
            ("tasks", 0, "comparison", "compared", "edge", "floor"),
            0.5,
            "tasks[0].comparison.compared.edge.floor",
        ),
        (("tasks", 1, "pool", "common"), 500, "tasks[1].pool.common"),
        (("tasks", 0, "comparison", "arm", "clean"), 99.0, "tasks[0].comparison.arm.clean"),
        (("reductions",), [], "reductions"),
    ],
)
def test_a_changed_number_is_named_with_both_values(
    place: tuple[str | int, ...], value: object, named: str, path: Path
) -> None:
    content = json.loads(path.read_text())
    target = content
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    path.write_text(json.dumps(content))
    (difference, *others) = rescore(path).differences
    assert difference.startswith(named)
    assert "the record says" in difference
    assert "its cells" in difference
    assert all(named.split(".")[0] in other for other in others)


def test_a_cell_that_was_changed_is_refused(path: Path) -> None:
    (cell,) = (path.parent / "cells" / "countdown").glob("sweep-mdm.*.safetensors")
    content = bytearray(cell.read_bytes())
    content[-1] ^= 1
    cell.write_bytes(content)
    with pytest.raises(NotComputable, match=r"sweep-mdm.* is not what .* was made of"):
        rescore(path)


def test_a_missing_cell_is_named(path: Path) -> None:
    (cell,) = (path.parent / "cells" / "countdown").glob("scores-arm.*.safetensors")
    cell.unlink()
    with pytest.raises(NotComputable, match=cell.name):
        rescore(path)


def test_a_task_that_gave_no_comparison_is_rescored_too(path: Path, measured: Measured) -> None:
    """A protocol that asks for more examples than the second task has, and a record that says so."""
    record = read_model(path, Record)
    first, second = record.tasks
    assert rescore(path).record.tasks == (first, second)
    demanding = record.model_copy(
        update={"protocol": record.protocol.changed(minimum=second.pool.common + 1)}
    )
    path.write_text(demanding.model_dump_json())
    found = rescore(path)
    assert found.record.tasks == ()
    assert [task.task for task in found.record.failed] == [first.task, second.task]
    write_model(found.record, path)
    assert rescore(path).differences == ()


def of_another_machine(path: Path, share: float = 1e-12) -> None:
    """Make a record one whose numbers, and the digests of computed cells, another machine has rounded."""
    content = json.loads(path.read_text())
    content |= {part: rounded(content[part], share) for part in ("tasks", "summary")}
    for task in content["tasks"]:
        task["cells"]["comparison"]["digest"] = "0" * 64
    write_model(Record.model_validate_json(json.dumps(content)), path)


def test_rounding_by_another_machine_is_no_difference(path: Path, command: Callable[..., Any]) -> None:
    exact = rescore(path)
    of_another_machine(path)
    found = rescore(path)
    assert (found.differences, found.rounded, found.same_bytes) == ((), True, False)
    assert (exact.rounded, found.record) == (False, exact.record)
    done = command("rescore", path)
    assert (done.code, done.out) == (
        0,
        f"{path}: recomputed from its cells, equal but for how another machine rounds\n",
    )


def test_a_change_beyond_rounding_is_a_difference(path: Path) -> None:
    of_another_machine(path, 1e-8)
    assert rescore(path).differences


@pytest.mark.parametrize("name", ["scores-arm", "comparison"])
def test_another_digest_beside_equal_numbers_is_a_difference(path: Path, name: str) -> None:
    content = json.loads(path.read_text())
    content["tasks"][0]["cells"][name]["digest"] = "0" * 64
    write_model(Record.model_validate_json(json.dumps(content)), path)
    if name == "comparison":
        (difference,) = rescore(path).differences
        assert difference.startswith("tasks[0].cells.comparison.digest: the record says '000")
    else:
        with pytest.raises(NotComputable, match="is not what"):
            rescore(path)


def test_other_bytes_of_the_same_values_are_said(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text())))
    (difference,) = rescore(path).differences
    assert difference == "the file: it has the same values in another form"


@pytest.mark.parametrize(
    "settings", [{"steps": 50}, {"rule": "left"}, {"seed": 7}, {"grid": (0.5, 1.0)}], ids=str
)
def test_a_record_that_names_other_settings_than_its_cells_is_refused(
    settings: dict[str, object], path: Path
) -> None:
    record = read_model(path, Record)
    write_model(record.model_copy(update={"protocol": record.protocol.changed(**settings)}), path)
    with pytest.raises(NotComputable, match="was not made as the record says: its protocol differ"):
        rescore(path)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("pair.mdm.digest", "feed", "members"),
        ("pair.mdm.shift", False, "members"),
        ("pair.mdm.attention", "block:4", "members"),
        ("pair.arm.dtype", "bfloat16", "members"),
        ("pair.arm.native", "GPT2LMHeadModel", "members"),
        ("pair.mask_id", 1, "tokenizer or mask token"),
        ("pair.tokenizer", "feed", "tokenizer or mask token"),
        ("pair.control", True, "tokenizer or mask token"),
        ("environment.torch", "1.0", "software"),
        ("environment.transformers", "4.0", "software"),
        ("environment.device", "cuda:0", "software"),
    ],
)
def test_a_record_that_declares_what_its_cells_were_not_made_of_is_refused(
    place: str, value: object, named: str, path: Path
) -> None:
    content = target = json.loads(path.read_text())
    *steps, last = place.split(".")
    for step in steps:
        target = target[step]
    assert target[last] != value
    target[last] = value
    path.write_text(json.dumps(content))
    with pytest.raises(NotComputable, match=f"was not made as the record says: its {named} differ"):
        rescore(path)


def reseal(file: Path, **changes: Any) -> None:
    """Change a cell's seal as whoever knows how to compute its checksum would."""
    sealed = file.with_suffix(".seal")
    seal = Seal.model_validate_json(sealed.read_text())
    sealed.write_text(seal.model_copy(update=changes).sealed().model_dump_json())


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"method": 99}, "method"),
        ({"pair": []}, "members"),
        ({"pair": {"arm": 1}}, "members"),
        ({"needs": {}}, "needed cells"),
        ({"more": 1}, "more"),
    ],
    ids=str,
)
def test_a_seal_that_says_otherwise_than_the_record_is_refused(
    inputs: dict[str, object], named: str, path: Path
) -> None:
    (cell,) = (path.parent / "cells" / "countdown").glob("scores-arm.*.safetensors")
    seal = read_seal(cell)
    reseal(cell, inputs={**seal.inputs, **inputs})
    with pytest.raises(
        NotComputable, match=f"scores-arm.* was not made as the record says: its {named} differ"
    ):
        rescore(path)


@pytest.mark.parametrize(("field", "named"), [("key", "key"), ("needs", "needed cells")])
def test_a_seal_of_another_key_or_of_other_cells_is_refused(field: str, named: str, path: Path) -> None:
    (cell,) = (path.parent / "cells" / "countdown").glob("scores-arm.*.safetensors")
    reseal(cell, **{field: "0" * 16 if field == "key" else {"pool": "0" * 64}})
    with pytest.raises(
        NotComputable, match=f"scores-arm.* was not made as the record says: its {named} differ"
    ):
        rescore(path)


@pytest.mark.parametrize(
    ("field", "value"), [("key", "../../../etc/pass"), ("digest", "feed"), ("task", "../countdown")]
)
def test_a_record_whose_names_lead_elsewhere_is_no_record(field: str, value: str, path: Path) -> None:
    content = json.loads(path.read_text())
    task = content["tasks"][0]
    (task if field == "task" else task["cells"]["pool"])[field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(NotComputable, match=f"is not a record of this version: tasks.0.*{field}"):
        rescore(path)


def test_what_a_terminal_would_obey_is_escaped(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(path.read_text())
    content["tasks"][0]["pool"]["unfit"]["\x1b[2J"] = 1
    path.write_text(json.dumps(content))
    with pytest.raises(typer.Exit):
        rescore_command(path)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\x1b[2J" in out


def test_other_files_of_a_folder_are_passed_over(path: Path) -> None:
    (path.parent / "notes.json").write_text("{}")
    assert find_records(path.parent) == (path,)


def test_the_command_says_whether_they_agree(
    path: Path, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine, no progress is told: it would stand among what is compared.
    told = progress.announce_when_slow
    monkeypatch.setattr(progress, "announce_when_slow", lambda: told(math.inf))
    done = command("rescore", path.parent)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{path}: recomputed from its cells, identical to the last byte\n"
    content = json.loads(path.read_text())
    content["summary"]["early_shift"]["local"]["value"] = 7.0
    path.write_text(json.dumps(content))
    done = command("rescore", path, "--json")
    assert done.code == 1
    (row,) = json.loads(done.out)
    assert len(row["differences"]) == 1


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no record"):
        find_records(tmp_path)
