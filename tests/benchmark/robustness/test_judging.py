"""What of a varied record is judged, and that a verdict which changes is marked, and no other."""

from pathlib import Path

import pytest

import mechshift
from build.records import TASKS, a_comparison, a_failed_task, a_function, a_record, a_task, number
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.robustness import (
    Result,
    Robustness,
    Varied,
    content_digest,
    half_widths,
    move,
    read_robustness,
    robustness_path,
)
from mechshift.benchmark.robustness.judging import headline_quantities, result_beside, result_of
from mechshift.benchmark.verdict.marks import marks_beside
from mechshift.benchmark.verdict.text import verdict_text, verdict_values

ALIKE = {"edges": number(0.97, 0.01), "standardised": number(0.95, 0.02)}


def record(**tau: float | None) -> Record:
    """All ten tasks, of which the ARM's circuit does `tau` in the MDM, by default .95; None: was not run."""
    tasks = []
    for task in TASKS:
        mdm = tau.get(task.replace("-", "_"), 0.95)
        structure = {**a_comparison().structure, **ALIKE}
        function = None if mdm is None else a_function(0.97, mdm)
        tasks.append(a_task(task, comparison=a_comparison(structure=structure), function=function))
    return a_record("pair", tasks=tuple(tasks))


PLANNING = [name.replace("-", "_") for name, suite in TASKS.items() if suite == "planning"]


def varied(name: str, changed: Record, base: Record) -> Varied:
    return Varied(name=name, kind="points", with_models=True, result=result_beside(changed, base))


def kept(base: Record, **variations: Record) -> Robustness:
    each = tuple(varied(name, changed, base) for name, changed in variations.items())
    return Robustness(
        record=content_digest(base), pair="pair", protocol="v2@3", base=result_of(base), variations=each
    )


def test_the_same_record_is_judged_alike_and_has_every_headline() -> None:
    base = record()
    assert result_beside(base, base) == result_of(base)
    assert set(result_of(base).headlines) == {each.name for each in headline_quantities()}
    names = {each.name for each in headline_quantities()}
    assert {
        "similarity_local",
        "transfer_in_mdm_planning",
        "early_shift_local",
        "right_context_planning",
    } <= names
    assert len(names) == 23


def test_a_planted_change_is_marked_where_it_is_and_nowhere_else() -> None:
    base = record()
    found = kept(base, same=record(), one=record(ioi=0.5), suite=record(**dict.fromkeys(PLANNING, 0.3)))
    assert result_of(base).judged.suites == {"local": "preserved", "planning": "preserved"}
    assert found.changes_under("tasks", "ioi") == {"one": "extended"}
    assert found.changes_under("tasks", "induction") == {}
    assert found.changes_under("suites", "planning") == {"suite": "extended"}
    assert found.holding("suites", "planning") == (2, 3)
    assert found.holding("tasks", "ioi") == (2, 3)


def test_what_was_not_run_is_neither_holding_nor_changed() -> None:
    base = record()
    result = result_beside(record(ioi=None), base)
    assert set(result.judged.tasks) == TASKS.keys() - {"ioi"}
    assert set(result.judged.suites) == {"planning"}
    assert result.judged.unjudged == "circuits of this variation were not run in the other member"
    found = kept(base, missing=record(ioi=None))
    assert found.holding("suites", "local") == (0, 0)
    assert found.holding("suites", "planning") == (1, 1)


def test_a_task_that_fails_under_a_variation_is_not_judged_and_says_why() -> None:
    base = record()
    failed = base.model_copy(
        update={
            "tasks": tuple(task for task in base.tasks if task.task != "sudoku"),
            "failed": (a_failed_task("sudoku", "both solve 3"),),
        }
    )
    result = result_beside(failed, base)
    assert "sudoku" not in result.judged.tasks
    assert set(result.judged.suites) == {"local"}
    assert result.judged.unjudged == "both solve 3"


def test_a_move_is_told_in_the_numbers_own_unit_and_in_half_widths() -> None:
    base = number(0.5, 0.1)
    assert move(base, number(0.7, 0.3)) == pytest.approx(0.2)
    assert half_widths(base, number(0.7, 0.3)) == pytest.approx(2.0)
    assert half_widths(base, number(0.35, 0.3)) == pytest.approx(-1.5)
    assert half_widths(number(0.5), number(0.7)) is None
    assert half_widths(number(0.5, 0.0), number(0.7)) is None
    nothing = Missing(missing="nothing")
    assert move(base, nothing) is None
    assert half_widths(nothing, base) is None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    base = record()
    write_model(base, tmp_path / "pair.json")
    changed = kept(base, **{"m = 5": record(ioi=0.5), "zero": record(**dict.fromkeys(PLANNING, 0.3))})
    write_model(changed, robustness_path(tmp_path / "pair.json"))
    return tmp_path / "pair.json"


def test_a_verdict_says_under_what_it_changes(path: Path) -> None:
    found = mechshift.verdict(path)
    text = verdict_text(found)
    ioi = text.index("ioi: preserved")
    assert text.index("changes under: m = 5 (extended)", ioi) < text.index("induction: preserved", ioi)
    assert "planning: preserved holds under 1 of 2 variations; changes under: zero (extended)" in text
    values = verdict_values(found)["robustness"]
    assert values["variations"] == 2
    assert values["changes_under"]["tasks"]["ioi"] == {"m = 5": "extended"}
    assert values["changes_under"]["tasks"]["induction"] == {}


def test_without_the_file_nothing_is_said(path: Path) -> None:
    robustness_path(path).unlink()
    found = mechshift.verdict(path)
    assert found.robustness is None
    assert "changes under" not in verdict_text(found)
    assert verdict_values(found)["robustness"] is None


@pytest.mark.parametrize("damage", ["other", "cut", "verdicts", "method", "field"])
def test_a_file_that_is_not_the_records_marks_nothing_and_says_why(path: Path, damage: str) -> None:
    file = robustness_path(path)
    content = Robustness.model_validate_json(file.read_text())
    changes = {
        "other": content.model_copy(update={"record": "0" * 64}).model_dump_json(),
        "cut": file.read_text()[:-40],
        "verdicts": file.read_text().replace('"tasks":{"ioi":"preserved"', '"tasks":{"ioi":"rebuilt"', 1),
        "method": content.model_copy(update={"method": 0}).model_dump_json(),
        "field": file.read_text().replace('{"schema_version":1', '{"more":1,"schema_version":1', 1),
    }
    assert changes[damage] != file.read_text()
    file.write_text(changes[damage])
    found = mechshift.verdict(path)
    assert isinstance(found.robustness, Missing)
    text = verdict_text(found)
    assert "changes under" not in text
    assert "Robustness not told: " in text
    assert verdict_values(found)["robustness"] == {"missing": found.robustness.missing}


def test_a_changed_record_has_no_marks(path: Path) -> None:
    write_model(record(ioi=0.94), path)
    assert isinstance(read_robustness(path, record(ioi=0.94)), Missing)
    assert isinstance(marks_beside(path, record(ioi=0.94)), Missing)


def test_names_out_of_a_file_are_shown_and_never_obeyed(path: Path) -> None:
    base = record()
    one = varied("\x1b[2J##[error]x", record(ioi=0.5), base)
    content = kept(base).model_copy(update={"variations": (one,)})
    write_model(content, robustness_path(path))
    assert "\x1b" not in verdict_text(mechshift.verdict(path))


@pytest.mark.parametrize("name", ["r.json", "r.json.gz", "r.zip", "r"])
def test_the_file_lies_beside_with_the_records_name(name: str, tmp_path: Path) -> None:
    assert robustness_path(tmp_path / name) == tmp_path / "r.robustness.json"


def test_a_result_keeps_its_numbers_in_the_file(path: Path) -> None:
    found = read_robustness(path, record())
    assert isinstance(found, Robustness)
    one = found.variations[0].result
    assert isinstance(one, Result)
    assert one.headlines == result_beside(record(ioi=0.5), record()).headlines
