"""The verdict on the family: from the records of today's protocol, between the marks of its page."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.baselines.report.__main__ import main
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.report.verdict_page import BEGIN, END, CurrentRecords, read_current, with_verdict
from mechshift.baselines.structure.roster import CONTROLS, SEEDS
from mechshift.benchmark.record.record import Record
from mechshift.errors import UsageError

ROOT = Path(__file__).parents[3]
PAGE = f"# Pairs\n\n{BEGIN}\nold\n{END}\n\nThe end.\n"

MakePairs = Callable[..., Pairs]
Put = Callable[[Pairs, Path], Path]


@pytest.fixture
def family(make_pairs: MakePairs) -> CurrentRecords:
    return CurrentRecords(dict(make_pairs().records))


def test_only_records_of_todays_protocol_are_read(
    make_pairs: MakePairs, make_record: Callable[..., Record], put: Put, tmp_path: Path
) -> None:
    older = make_record("tiny-block")
    protocol = older.protocol.model_copy(update={"version": older.protocol.version - 1})
    folder = put(make_pairs({"tiny-block": older.model_copy(update={"protocol": protocol})}), tmp_path)
    (folder / "tiny-scratch" / "record.json").write_text('{"schema_version": 6}')
    (folder / "tiny-noshift" / "record.json").unlink()
    found = read_current(folder)
    assert sorted(found.absent) == ["tiny-block", "tiny-noshift", "tiny-scratch"]
    assert set(SEEDS) <= set(found.records)


def test_it_stands_between_the_marks_and_is_written_twice_alike(family: CurrentRecords) -> None:
    page = with_verdict(PAGE, family)
    assert page.startswith(f"# Pairs\n\n{BEGIN}\n\n")
    assert page.endswith(f"\n\n{END}\n\nThe end.\n")
    assert "\nold\n" not in page
    assert with_verdict(page, family) == page


def test_it_names_its_seeds_and_those_that_are_missing(family: CurrentRecords) -> None:
    records = {pair: record for pair, record in family.records.items() if pair != SEEDS[2]}
    page = " ".join(with_verdict(PAGE, CurrentRecords(records)).split())
    assert f"one recipe with {len(SEEDS) - 1} seeds" in page
    assert f"its control with {len(CONTROLS)}" in page
    assert f"There is no record under this version yet of `{SEEDS[2]}`." in page


def test_every_pair_has_a_verdict_and_what_decided_it(family: CurrentRecords) -> None:
    page = with_verdict(PAGE, family)
    head = next(line for line in page.splitlines() if "`tiny-noshift`" in line and line.startswith("|"))
    assert all(f"`{pair}`" in head for pair in ("tiny", "tiny-block", "tiny-scratch", *SEEDS))
    assert "### `tiny-block`" in page
    # Records by hand have τ* of .97 and .93, and standardised ρ of .85 ± .05: as alike as that is undecided.
    over = page[page.index("### What decides it, over seeds") : page.index("### Every pair by itself")]
    line = next(line for line in over.splitlines() if line.startswith("| `ioi`"))
    assert r"τ\* of the ARM's circuit in the MDM 0.93 \[0.90, 0.96\] is above 0.80" in line
    assert r"ρ, standardised 0.85 \[0.80, 0.90\] is not clearly above 0.80" in line


def test_without_two_seeds_of_either_it_says_so(family: CurrentRecords) -> None:
    records = {pair: family.records[pair] for pair in (SEEDS[0], *CONTROLS)}
    page = " ".join(with_verdict(PAGE, CurrentRecords(records)).split())
    assert f"There are not yet records of two seeds of `{SEEDS[0]}` and of its control under v2@3." in page


def test_a_page_without_a_place_for_it_is_refused(family: CurrentRecords) -> None:
    with pytest.raises(UsageError, match=r"x\.md has no place for the verdict"):
        with_verdict("# Pairs\n", family, "x.md")


def test_the_command_writes_the_page_and_names_what_is_missing(
    make_pairs: MakePairs,
    put: Put,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = put(make_pairs(), tmp_path / "reference")
    (folder / "tiny-block" / "record.json").unlink()
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["report", "--records", str(folder), "--page", str(page)])
    main()
    assert page.read_text(encoding="utf-8") == with_verdict(PAGE, read_current(folder))
    assert "no record of tiny-block" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["report", "--records", str(folder)])
    with pytest.raises(SystemExit):
        main()


def test_the_committed_page_is_that_of_the_committed_records() -> None:
    page = (ROOT / "docs" / "reference-pairs.md").read_text(encoding="utf-8")
    assert with_verdict(page, read_current(ROOT / "baselines" / "reference")) == page
