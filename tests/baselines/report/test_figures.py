"""The figures' files: which, the same bytes for the same records, and nothing by halves."""

import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mechshift.baselines.report.figures import write_figures
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.structure.roster import PAIRS
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.errors import OutputError, UsageError

MakePairs = Callable[..., Pairs]


def test_a_figure_for_each_suite_and_one_of_overlap(make_pairs: MakePairs, tmp_path: Path) -> None:
    paths = write_figures(make_pairs(), tmp_path / "figures")
    names = ["depth-local.svg", "depth-planning.svg", "overlap.svg"]
    assert paths == [tmp_path / "figures" / name for name in names]
    assert sorted((tmp_path / "figures").iterdir()) == paths
    for path in paths:
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_no_figure_of_a_suite_without_tasks(
    tmp_path: Path, make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]
) -> None:
    pairs = Pairs({pair: make_record(pair, (make_task("ioi"),)) for pair in PAIRS})
    names = [path.name for path in write_figures(pairs, tmp_path)]
    assert names == ["depth-local.svg", "overlap.svg"]


def test_the_same_records_give_the_same_bytes(make_pairs: MakePairs, tmp_path: Path) -> None:
    first, second = (write_figures(make_pairs(), tmp_path / name) for name in ("first", "second"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert not any(b"<dc:date>" in path.read_bytes() for path in first)


def test_without_matplotlib(make_pairs: MakePairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r'pip install -c constraints\.txt "\.\[plots\]"'):
        write_figures(make_pairs(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be(make_pairs: MakePairs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_figures(make_pairs(), tmp_path / "file")
