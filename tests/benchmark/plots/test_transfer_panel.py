"""Transfer: what circuits do in either member, with τ* beside each task."""

from collections.abc import Sequence
from typing import Any

import pytest
from matplotlib.figure import Figure

from build.records import a_task, number
from build.submissions import TASKS, write_run
from mechshift.benchmark.plots.of_record import NotDrawn, plots_of
from mechshift.benchmark.plots.style import Looks
from mechshift.benchmark.plots.transfer_panel import Host, Size, at_size, transfer_panel, written
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.function import TransferAt
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord

PLACES: Sequence[tuple[Host, Size]] = (
    ("arm", "compared"),
    ("arm", "half"),
    ("mdm", "compared"),
    ("mdm", "half"),
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Of a protocol that asks what circuits do in the other member."""
    return read_model(write_run(tmp_path_factory.mktemp("transfer")), Record)


def axes_with(tasks: Sequence[TaskRecord], host: Host, size: Size) -> Any:
    axes = Figure().subplots()
    transfer_panel(axes, tasks, host, size, Looks())
    return axes


@pytest.mark.parametrize(("host", "size"), PLACES)
def test_values_and_intervals_are_the_records(record: Record, host: Host, size: Size) -> None:
    axes = axes_with(record.tasks, host, size)
    inside = [getattr(task.function, host) for task in record.tasks]
    found = [getattr(each, size) for each in inside]
    own, other = ("ARM", "MDM") if host == "arm" else ("MDM", "ARM")
    labels = {f"{own}'s circuit": "own", f"{other}'s circuit": "other"}
    labels["circuits of other tasks, mean"] = "cross"
    for label, field in labels.items():
        values = [getattr(each, field) for each in found]
        (line,) = (line for line in axes.get_lines() if line.get_label() == label)
        assert list(line.get_xdata()) == [value.value for value in values]
        index = list(labels).index(label)
        ends = [tuple(path.vertices[:, 0]) for path in axes.collections[index].get_paths()]
        assert ends == [(value.low, value.high) for value in values]


def test_tau_and_the_size_stand_beside_every_task(record: Record) -> None:
    axes = axes_with(record.tasks, "arm", "half")
    for task, text in zip(record.tasks, axes.texts, strict=True):
        at = at_size(task, "arm", "half")
        assert isinstance(at.transfer, Number)
        assert text.get_text().startswith(f"τ* {at.transfer.value:.2f}\n[{at.transfer.low:.2f}, ")
    sizes = [f"{task.task} ({at_size(task, 'arm', 'half').edges})" for task in record.tasks]
    assert [label.get_text() for label in axes.get_yticklabels()] == sizes
    assert [task.task for task in record.tasks] == list(TASKS)


def a_transfer(transfer: Any) -> TransferAt:
    value = number(0.5)
    return TransferAt(edges=9, own=value, other=value, cross=value, margin=value, transfer=transfer)


def test_tau_is_written_with_its_interval_where_it_has_one() -> None:
    assert written(a_transfer(number(-0.25, 0.5))) == "τ* −0.25\n[−0.75, 0.25]"
    assert written(a_transfer(number(0.5))) == "τ* 0.50"
    assert written(a_transfer(Missing(missing="no margin"))) == "τ* –"


def test_only_records_that_ask_have_the_figure(record: Record, make_record: Any) -> None:
    found = [plot for plot in plots_of(record) if plot.name == "transfer"]
    assert [isinstance(plot, NotDrawn) for plot in found] == [False]
    without = make_record(tasks=(a_task("ioi").model_copy(update={"function": None}),))
    assert [plot for plot in plots_of(without) if plot.name == "transfer"] == []
    with pytest.raises(ValueError, match="ioi has no circuits in the other member"):
        at_size(a_task("ioi").model_copy(update={"function": None}), "arm", "half")
