"""The page of a record, and that it needs neither torch nor matplotlib."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mechshift.benchmark.cli.main import app
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.protocol import PAPER, QUICK
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.tables.cells import Format
from mechshift.benchmark.tables.show import render
from mechshift.benchmark.tables.table import record_table
from mechshift.errors import UsageError

MakeRecord = Callable[..., Record]
MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
HEAD = """\
pair      tiny (3 layers, 8 heads, 4 key/value heads, 1,000 edges)
ARM       tiny/arm (LlamaForCausalLM, float32, causal attention, shifted, digest tiny arm dig)
MDM       tiny/mdm@main (LlamaForCausalLM, float32, full attention, shifted, digest tiny mdm dig)
weights   moved by 0.010 (norm) to 0.250 (lm_head) of their norm, mean over modules of a kind
protocol  v2@3
made      with mechshift 0.1.0, torch 2.13.0, transformers 5.23.0 on cpu, 2 threads

                                    local                    planning               both suites
----------------------------------  -----------------------  ---------------------  ---------------------
accuracy, ARM                       0.98 [0.97, 0.99]        0.95 [0.93, 0.97]
accuracy, MDM                       0.97 [0.95, 0.99]        0.90 [0.87, 0.93]
similarity ρ                        0.90 [0.88, 0.92]        0.70 [0.67, 0.73]
in words                            0.92 [0.90, 0.94]        0.65 [0.61, 0.69]
in symbols                          0.88 [0.86, 0.90]        0.75 [0.71, 0.79]
task-dependent shift                                                                +0.25 [+0.20, +0.30]¹
within words                                                                        +0.27 [+0.22, +0.32]¹
within symbols                                                                      +0.13 [+0.08, +0.18]¹
for other tasks                                                                     +0.20 [-0.10, +0.50]
transfer τ*, in the ARM             0.95 [0.91, 0.99]        0.80 [0.75, 0.85]
transfer τ*, in the MDM             0.90 [0.86, 0.94]        0.80 [0.75, 0.85]
transfer τ*, in the ARM, words      0.95 [0.91, 0.99]        0.80 [0.75, 0.85]
transfer τ*, in the MDM, words      0.90 [0.86, 0.94]        0.80 [0.75, 0.85]
transfer τ*, in the ARM, symbols    0.95 [0.91, 0.99]        0.80 [0.75, 0.85]
transfer τ*, in the MDM, symbols    0.90 [0.86, 0.94]        0.80 [0.75, 0.85]
neurons ρ                           0.80 [0.76, 0.84]        0.60 [0.55, 0.65]
overlap Ĵ                           0.75 [0.70, 0.80]        0.50 [0.45, 0.55]
overlap shift                                                                       +0.25 [+0.18, +0.32]¹
one size, edges                                                                     1,000
overlap shift at one size                                                           +0.10 [+0.04, +0.16]²
early shift                         -0.00 [-0.01, +0.01]³ ¹  +0.12 [+0.10, +0.14]
early shift, squared mass           -0.02 [-0.03, -0.01]¹    +0.15 [+0.12, +0.18]
specialisation shift                +0.05 [+0.04, +0.06]¹    -0.05 [-0.06, -0.04]⁴
specialisation shift, squared mass  +0.02 [+0.01, +0.03]     +0.03 [+0.02, +0.04]
right context                       0.050 [0.040, 0.060]⁵    0.080 [0.070, 0.090]
right context, squared mass         0.002 [-0.008, 0.012]    0.030 [0.020, 0.040]
faithfulness, ARM                                                                   0.67 [0.64, 0.70]
faithfulness, MDM                                                                   0.65 [0.60, 0.70]
"""


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_header_and_row(make_record: MakeRecord) -> None:
    page = trimmed(render(make_record()))
    assert page.startswith(HEAD)
    assert "compared size, edges / share" in page
    assert max(map(len, page.splitlines())) <= 120


@pytest.mark.parametrize("width", [70, 80, 100, 300])
def test_the_page_fits_the_terminal(width: int, make_record: MakeRecord) -> None:
    record = make_record(shift=Missing(missing="reason " * 40), reductions=("reduced " * 40,))
    page = render(record, width)
    assert width // 2 < max(map(len, page.splitlines())) <= width
    # Notes are numbered as a page of that width has them, and rules are as wide as their columns.
    assert {word.rstrip(MARKS).strip("-") for word in page.split()} == {
        word.rstrip(MARKS).strip("-") for word in render(record, 1000).split()
    }


def test_a_whole_record_of_a_board_protocol_is_told_nothing(make_record: MakeRecord) -> None:
    assert "board" not in render(make_record())


def test_a_first_look_says_how_to_get_a_row(make_record: MakeRecord) -> None:
    page = render(make_record(protocol=QUICK))
    assert "No board takes protocol quick, and its numbers are not comparable with those of v2." in page
    assert " ".join(page.split()).endswith("run the same pair under protocol v2.")


def test_so_does_the_papers_protocol(make_record: MakeRecord) -> None:
    page = render(make_record(protocol=PAPER))
    assert "No board takes protocol paper, and its numbers are not comparable with those of v2." in page


def test_what_was_left_out_is_listed(make_record: MakeRecord) -> None:
    page = render(make_record(reductions=("task ioi was not asked for", "level easy was asked for")))
    assert page.endswith("no board takes it:\n  task ioi was not asked for\n  level easy was asked for")


def test_row_and_tasks_share_their_notes(make_record: MakeRecord) -> None:
    page = render(make_record(shift=Missing(missing="too few")))
    notes = [line for line in page.splitlines() if line[:1] in set(MARKS) and " sign depends " not in line]
    reasons = [line.lstrip(MARKS).strip() for line in notes]
    of_row = ("mass contains 0", "disagree in sign")
    assert [reason for reason in reasons if not reason.endswith(of_row)][:3] == [
        "too few",
        "the task has no form that is filled in place",
        "the ceiling does not exceed the floor",
    ]
    assert len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("layout", ["github", "latex", "csv"])
def test_row_and_tasks_can_be_had_in_every_format(
    tmp_path: Path, make_record: MakeRecord, layout: Format
) -> None:
    write_model(make_record(), tmp_path / "tiny.json")
    done = CliRunner().invoke(app, ["show", str(tmp_path / "tiny.json"), "--format", layout])
    assert (done.exit_code, done.stdout) == (0, record_table(make_record(), layout) + "\n")


def test_text_is_the_page(tmp_path: Path, make_record: MakeRecord) -> None:
    write_model(make_record(), tmp_path / "tiny.json")
    done = CliRunner().invoke(
        app, ["show", str(tmp_path / "tiny.json"), "--format", "text"], env={"COLUMNS": "120"}
    )
    assert (done.exit_code, done.stdout) == (0, render(make_record()) + "\n")


def test_json_is_no_table(tmp_path: Path, make_record: MakeRecord) -> None:
    write_model(make_record(), tmp_path / "tiny.json")
    done = CliRunner().invoke(app, ["show", str(tmp_path / "tiny.json"), "--json", "--format", "csv"])
    assert isinstance(done.exception, UsageError)
    assert done.exception.problem == "--json and --format csv both set the output format"


def test_records_are_shown_without_torch() -> None:
    heavy = "{'torch', 'transformers', 'scipy', 'sklearn', 'datasets', 'pandas', 'matplotlib'}"
    modules = ", ".join(
        f"mechshift.benchmark.{name}"
        for name in ("board.board", "plots.write", "tables.show", "tables.table")
    )
    program = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_control_is_not_called_an_mdm(make_record: MakeRecord) -> None:
    record = make_record()
    control = record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})
    header = render(control).split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in header[:3]] == ["pair", "ARM", "control"]
