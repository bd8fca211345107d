"""The files of a record's figures: their names, the same bytes for the same record, nothing elsewhere."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from build.pages import a_drawn_record
from build.records import a_pair, a_record, a_task
from mechshift.benchmark.plots import write
from mechshift.benchmark.plots.formats import PlotFiles, PlotFormat
from mechshift.benchmark.plots.write import write_plots
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.errors import OutputError, UsageError

MakeRecord = Callable[..., Record]
MakeTask = Callable[..., TaskRecord]
BOTH = (PlotFormat.svg, PlotFormat.pdf)

FORESTS = [
    f"forest-{section}"
    for section in (
        "behaviour",
        "structure",
        "overlap-of-the-circuits",
        "faithfulness",
        "function-either-member-s-circuit-in-the-other",
        "depth",
        "direction",
        "specialisation",
        "effects-of-single-components",
    )
]


def as_control(record: Record, name: str = "on") -> Record:
    """The record of a control of the same ARM."""
    pair = a_pair(name, control=True).model_copy(update={"arm": record.pair.arm})
    return record.model_copy(update={"pair": pair})


@pytest.fixture
def blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures with nothing in them, for tests of which files there are: to draw takes seconds."""

    def nothing(*_: Any) -> Figure:
        return Figure(figsize=(1, 1))

    monkeypatch.setattr(write, "draw_together", nothing)
    monkeypatch.setattr(write, "draw_alone", nothing)


@pytest.mark.usefixtures("blank")
def test_a_figure_for_every_section_and_for_every_task_that_has_numbers(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask, make_failed_task: Callable[..., Any]
) -> None:
    tasks = make_task("ioi"), make_task("infilling")
    record = make_record("org/Model-2.5", tasks=tasks, failed=(make_failed_task("countdown", "too few"),))
    written = write_plots(record, PlotFiles(tmp_path / "plots"))
    names = [f"org-Model-2.5-v2-{name}.svg" for name in (*FORESTS, "ioi", "infilling", "transfer")]
    assert written.paths == tuple(tmp_path / "plots" / name for name in names)
    assert sorted((tmp_path / "plots").iterdir()) == sorted(written.paths)
    for path in written.paths:
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.usefixtures("blank")
def test_maps_of_heads_need_the_cells_and_one_reason_says_so(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask
) -> None:
    record = make_record(tasks=(make_task("ioi"), make_task("sudoku")))
    ((reason, names),) = write_plots(record, PlotFiles(tmp_path / "plots")).left_out.items()
    assert names == ("ioi heads", "sudoku heads")
    assert "beside this record there are none" in reason


@pytest.mark.usefixtures("blank")
def test_maps_of_heads_are_drawn_from_cells_beside_the_record(tmp_path: Path) -> None:
    place, record = a_drawn_record(tmp_path / "run", ("ioi",))
    written = write_plots(record, PlotFiles(tmp_path / "plots"), place)
    assert tmp_path / "plots" / "drawn-v2-ioi-heads.svg" in written.paths
    assert written.left_out == {}


@pytest.mark.usefixtures("blank")
def test_other_cells_are_not_drawn(tmp_path: Path) -> None:
    place, record = a_drawn_record(tmp_path / "run", ("ioi", "sudoku"))
    (cell,) = (place.parent / "cells" / "ioi").glob("scores-mdm.*")
    cell.write_bytes(b"x")
    written = write_plots(record, PlotFiles(tmp_path / "plots"), place)
    ((reason, names),) = written.left_out.items()
    assert names == ("ioi heads",)
    assert "is not what the record was made of" in reason
    assert tmp_path / "plots" / "drawn-v2-sudoku-heads.svg" in written.paths


@pytest.mark.usefixtures("blank")
def test_panels_are_files_of_their_own_beside_the_figure(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask
) -> None:
    record = make_record(tasks=(make_task("ioi"),))
    written = write_plots(record, PlotFiles(tmp_path, BOTH, singly=True))
    names = {path.name for path in written.paths}
    panels = ("", "-depth", "-faithfulness", "-overlap", "-halves", "-components")
    assert {f"tiny-v2-ioi{panel}.{form}" for panel in panels for form in ("svg", "pdf")} <= names
    assert {"tiny-v2-forest-depth-early_shift.svg", "tiny-v2-forest-depth-early_shift.pdf"} <= names
    assert len(names) == len(written.paths)


SOME = """
from mechshift.benchmark.plots import write
plots_of = write.plots_of
write.plots_of = lambda *given: (plot for plot in plots_of(*given) if plot.name in ("forest depth", "ioi"))
"""
"""To draw two figures takes seconds less than to draw all."""

WRITE = """
from pathlib import Path
from mechshift.benchmark.plots.formats import PlotFiles, PlotFormat
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record
record = read_model(Path("record.json"), Record)
write.write_plots(record, PlotFiles(Path("{folder}"), tuple(PlotFormat)))
"""


@pytest.fixture(scope="module")
def written_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of the same figures: of two processes, whose sets have other orders, at other times."""
    tmp_path = tmp_path_factory.mktemp("twice")
    write_model(a_record(tasks=(a_task("ioi"),)), tmp_path / "record.json")
    for folder, seed, time in (("a", "1", "0"), ("b", "2", "86400")):
        subprocess.run(
            [sys.executable, "-c", SOME + WRITE.format(folder=folder)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": time},
            check=True,
        )
    return tmp_path / "a", tmp_path / "b"


def test_the_same_record_gives_the_same_bytes(written_twice: tuple[Path, Path]) -> None:
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in written_twice)
    names = [f"tiny-v2-{name}.{form}" for name in ("forest-depth", "ioi") for form in ("pdf", "svg")]
    assert sorted(first) == names
    assert first == second
    for content in first.values():
        assert b"dc:date" not in content
        assert b"CreationDate" not in content


def test_a_pdf_has_letters_that_publishers_take(written_twice: tuple[Path, Path]) -> None:
    content = (written_twice[0] / "tiny-v2-ioi.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Type3" not in content
    assert b"/TrueType" in content or b"/CIDFontType2" in content


def test_names_cannot_leave_the_folder_or_break_the_figure(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask
) -> None:
    task = make_task("ioi").model_copy(update={"task": "../../<b>&$x_{$"})
    record = make_record("../.. $\\frac{$ \x00\n<script>", tasks=(task,))
    paths = write_plots(record, PlotFiles(tmp_path)).paths
    assert {path.parent for path in paths} == {tmp_path}
    path = paths[-2]  # the last is of transfer on all tasks
    assert path.name == "frac-script-v2-b-x_.svg"
    assert not [node for node in ElementTree.parse(path).iter() if node.tag.endswith("script")]


@pytest.mark.usefixtures("blank")
def test_tasks_of_like_names_do_not_replace_each_other(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask
) -> None:
    tasks = [make_task("ioi").model_copy(update={"task": name}) for name in ("a-b", "a--b")]
    paths = write_plots(make_record(tasks=tuple(tasks)), PlotFiles(tmp_path)).paths
    assert [path.name for path in paths[-3:-1]] == ["tiny-v2-a-b.svg", "tiny-v2-a-b-2.svg"]


@pytest.mark.usefixtures("blank")
def test_a_record_that_is_no_control_of_the_pair_is_refused(tmp_path: Path, make_record: MakeRecord) -> None:
    record = make_record("one")
    write_plots(record, PlotFiles(tmp_path / "fine"), controls=[as_control(record)])
    with pytest.raises(UsageError, match=r"two is no control of one: .* its ARM has other weights"):
        write_plots(record, PlotFiles(tmp_path / "plots"), controls=[make_record("two")])
    assert not (tmp_path / "plots").exists()


def test_a_figure_is_written_whole_or_not_at_all(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def savefig(self, path: Path, **_: Any) -> None:
            path.write_text("<svg")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "draw_together", lambda plot: Broken())
    with pytest.raises(OutputError, match="No space left"):
        write_plots(make_record(), PlotFiles(tmp_path))
    assert not list(tmp_path.iterdir())


def test_without_matplotlib(tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError) as raised:
        write_plots(make_record(), PlotFiles(tmp_path))
    assert raised.value.remedy == 'in a clone: pip install -c constraints.txt ".[plots]"'
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be(tmp_path: Path, make_record: MakeRecord) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_plots(make_record(), PlotFiles(tmp_path / "file"))
