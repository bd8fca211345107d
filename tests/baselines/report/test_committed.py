"""The committed report is that of the committed records."""

import re
from pathlib import Path

from mechshift.baselines.report.page import page
from mechshift.baselines.report.records import read_family, read_pairs

BASELINES = Path(__file__).parents[3] / "baselines"


def test_the_report_is_that_of_the_records() -> None:
    report = (BASELINES / "report.md").read_text(encoding="utf-8")
    pairs = read_pairs(BASELINES / "reference")
    assert page(pairs, read_family(BASELINES / "structure.json", pairs)) == report


def test_its_figures_are_there_and_no_others() -> None:
    report = (BASELINES / "report.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\]\((figures/[^)]+)\)", report))
    assert named == {f"figures/{path.name}" for path in (BASELINES / "figures").iterdir()}
