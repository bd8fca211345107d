"""Every single change of a valid submission is refused with its reason, or is of what nothing can check."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from build.tampering import (
    TRUSTED,
    Tampering,
    change_of_value,
    change_of_values,
    every_tampering,
    record_classes,
    written,
)
from mechshift.benchmark.findings.finding import MOST, Finding
from mechshift.benchmark.validation.validate import CHECKS, validate

Submission = Callable[..., Path]

KINDS = list(every_tampering())


def is_exact(kind: Tampering) -> bool:
    return kind.name.startswith(("a score", "scores", "sweep", "transfer", "ablation"))


@pytest.mark.parametrize("exact", [False, True])
def test_invented_evidence_with_all_that_follows_from_it_is_valid(
    submission: Submission, exact: bool
) -> None:
    """What docs/trust.md says of forging: nobody has measured this."""
    assert validate(submission(exact)) == ()


def test_there_are_many_kinds_of_them(submission: Submission) -> None:
    classes = record_classes(json.loads((submission() / "record.json").read_text()))
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert len(KINDS) + len(classes) > 550


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: ascii(kind.name))
def test_it_is_refused_for_what_it_is(kind: Tampering, submission: Submission, tmp_path: Path) -> None:
    folder = submission(is_exact(kind))
    changed = kind.change(folder) or folder
    before = {path for path in tmp_path.rglob("*") if path.parent.name != "outside"}
    found = validate(changed)
    assert_told(kind, found)
    # Nothing is written beside the submission, wherever its names lead.
    assert {path for path in tmp_path.rglob("*") if path.parent.name != "outside"} == before
    assert not Path("/tmp/mechshift-evil").exists()


def assert_told(kind: Tampering, found: tuple[Finding, ...]) -> None:
    assert {each.check for each in found} <= set(CHECKS)
    told = [each for each in found if each.check == kind.check and kind.phrase in each.problem]
    assert told, f"nothing of {kind.check}: {kind.phrase!r} in {found}"
    assert any(kind.place in each.place for each in told), (kind.place, told)


def test_every_value_of_a_record_is_checked_or_named_as_trusted(submission: Submission) -> None:
    """Of each kind of value the first, changed as little as it can be, with a manifest made to fit."""
    folder = submission()
    kept = {name: (folder / name).read_bytes() for name in ("record.json", "manifest.json")}
    places = list(record_classes(json.loads(kept["record.json"])).values())
    kinds = {place: change_of_value(place) for place in places}
    trusted = [place for place in places if written(place).startswith(TRUSTED)]
    numbers = [place for place in places if kinds[place].check == "numbers" and place not in trusted]
    # Those that are computed some at a time, as each is named by itself, and all others one by one.
    times = -(-len(numbers) // (MOST - 1))
    together = [trusted, *(numbers[start::times] for start in range(times))]
    alone = [[place] for place in places if place not in (*numbers, *trusted)]
    for changed in (*together, *alone):
        change_of_values(*changed)(folder)
        found = validate(folder)
        if changed is trusted:
            assert found == ()
        else:
            for place in changed:
                assert_told(kinds[place], found)
        for name, content in kept.items():
            (folder / name).write_bytes(content)


def test_what_is_trusted_is_held_by_the_manifest(submission: Submission) -> None:
    folder = submission()
    text = (folder / "record.json").read_text()
    (folder / "record.json").write_text(text.replace('"Linux"', '"Linus"'))
    (finding,) = validate(folder)
    assert (finding.check, finding.place) == ("manifest", "record.json")


def test_docs_name_all_that_is_trusted() -> None:
    page = (Path(__file__).parents[3] / "docs" / "trust.md").read_text()
    assert all(f"`{name}`" in page for name in TRUSTED)


def test_each_task_is_told(submission: Submission) -> None:
    folder, lines = submission(), []
    assert validate(folder, announce=lines.append) == ()
    assert lines == [
        f"[{number}/2 {name}] {folder.name}: computing again from its cells …"
        for number, name in ((1, "agreement"), (2, "star-path"))
    ]


def test_every_fault_of_a_card_is_told_at_once(submission: Submission) -> None:
    folder = submission()
    text = (folder / "card.toml").read_text()
    text = (
        text.replace('"small"', '"large"')
        .replace("2026-11-29", "2026-11-30")
        .replace("Apache-2.0", "FILL IN")
    )
    (folder / "card.toml").write_text(text.replace("contact", "contacts"))
    problems = [each.problem for each in validate(folder) if each.check == "card"]
    for said in (
        "contact: Field required",
        "contacts: Extra inputs",
        "weights_licence: still to be filled in",
        "it names pair 'large'",
        "its date is 2026-11-30",
    ):
        assert sum(said in problem for problem in problems) == 1, said


def test_every_fault_is_told_at_once(submission: Submission) -> None:
    folder = submission()
    (folder / "notes.txt").write_text("")
    (folder / "card.toml").write_text("")
    record = json.loads((folder / "record.json").read_text())
    record["summary"]["early_shift"]["local"]["value"] = 0.9
    record["tasks"][1]["pool"]["common"] = 99
    record["protocol"]["board"] = True
    (folder / "record.json").write_text(json.dumps(record))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    cell = next((folder / "cells" / "star-path").glob("sweep-arm.*.safetensors"))
    cell.unlink()
    found = validate(folder)
    assert {each.check for each in found} == {"files", "manifest", "card", "plausibility", "cells", "numbers"}
    # Of the task whose cell is missing nothing is computed; of all else everything.
    assert "record.json: summary.early_shift.local.value" in {each.place for each in found}
