"""A quantity that is declared once appears in every table, page, comparison, check and in the guide."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BOARD = ROOT / "baselines" / "board"
TINY, OTHER = (BOARD / f"2026-11-29-{pair}-v2.zip" for pair in ("tiny", "tiny-continued"))
RECORD = ROOT / "baselines" / "reference" / "tiny" / "record.json"

DECLARED = """
import mechshift.benchmark.record.quantities as quantities
import mechshift.benchmark.record.quantity as quantity
import mechshift.benchmark.record.row as row
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.task_record import FailedTask

DEFINITION = quantity.Definition(
    "planted overlap",
    "Planted by a test, to be found everywhere.",
    low=0,
    high=1,
    larger="more planted",
    unit="plants",
    trap="It is no new number.",
    regression="either",
)


def of_task(task):
    if isinstance(task, FailedTask):
        return Missing(missing=task.missing)
    return task.comparison.compared.edge.jaccard


line = quantity.Line("planted overlap", (quantity.Quantity("planted", of_task, DEFINITION),))
quantities.SECTIONS = (*quantities.SECTIONS, quantity.Section("Planted", (line,)))
row.COLUMNS = (
    *row.COLUMNS,
    row._by_suite("planted", DEFINITION, planted_row=lambda summary: summary.one_size.overlap),
)
"""
"""Before anything else is imported: what reads the declarations reads these."""

USED = """
import contextlib, io, json, sys
from pathlib import Path

from mechshift.benchmark.cli.main import app
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record

tiny, other, record, board, out = map(Path, sys.argv[1:6])


def printed(*arguments):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        app([str(each) for each in arguments], standalone_mode=False)
    return text.getvalue()


def page(*arguments):
    printed(*arguments, "--html", out / "page.html")
    return (out / "page.html").read_text()


printed("check", other, "--against", tiny, "--report", out / "check.xml")
about = ("--evaluator", "A", "--relationship", "other", "--model", "org/model")
printed("export", tiny, "--to", "every-eval-ever", "--out", out / "export", *about)
sys.path.insert(0, sys.argv[6])
from definitions import with_definitions

print(json.dumps({
    "show": printed("show", record),
    "show as CSV": printed("show", record, "--format", "csv"),
    "page of a pair": page("show", record),
    "board": printed("leaderboard", board, "--columns", "planted_row_local,planted_row_planning"),
    "board as CSV": printed("leaderboard", board, "--format", "csv"),
    "page of a board": page("leaderboard", board),
    "compare": printed("compare", tiny, other),
    "compare as JSON": printed("compare", tiny, other, "--json"),
    "page of a comparison": page("compare", tiny, other),
    "check": (out / "check.xml").read_text(),
    "frame": " ".join(read_model(record, Record).to_frame().quantity.unique()),
    "export": "".join(each.read_text() for each in (out / "export").rglob("*.json")),
    "notebook": read_model(record, Record)._repr_html_(),
    "guide": with_definitions("<!-- quantities: Planted -->\\n<!-- end -->")
    + with_definitions("<!-- quantities: a pair's row -->\\n<!-- end -->"),
}))
"""

NAMES = {
    "show": ("planted overlap", "PLANTED"),
    "show as CSV": ("planted,", "planted_row_local"),
    "page of a pair": (
        "planted overlap",
        "Planted by a test, to be found everywhere.",
        "It is no new number.",
    ),
    "board": ("planted",),
    "board as CSV": ("planted_row_local_low", "planted_row_planning_missing"),
    "page of a board": ("planted", "Mean over the tasks of the suite of planted overlap"),
    "compare": ("planted",),
    "compare as JSON": ('"planted"', '"planted_row_local"'),
    "page of a comparison": ("planted overlap", "Planted by a test, to be found everywhere."),
    "check": ("planted.ioi",),
    "frame": ("planted",),
    "export": ("planted_row_local",),
    "notebook": ("planted",),
    "guide": (
        "**planted overlap** (`planted`). *0 to 1; in plants; larger: more planted.* Planted by a test",
        "`planted_row_local`, `planted_row_planning`",
    ),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every place shows in a process in which one more quantity is declared."""
    out = tmp_path_factory.mktemp("out")
    arguments = [TINY, OTHER, RECORD, BOARD, out, ROOT / "docs"]
    done = subprocess.run(
        [sys.executable, "-c", DECLARED + USED, *map(str, arguments)],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("place", NAMES)
def test_it_is_there(place: str, places: dict[str, str]) -> None:
    shown = " ".join(places[place].split())
    assert [name for name in NAMES[place] if name not in shown] == []
