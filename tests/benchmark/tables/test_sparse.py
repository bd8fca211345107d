"""Records of strangers that lack what every run writes, or hold what none does, are shown and compared."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from build.records import TASKS, a_record, a_task, number, some_cards
from mechshift.benchmark.cli.main import app
from mechshift.benchmark.contrast.comparison import compare_records
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.record.cards import NeuronAblation, TaskCards
from mechshift.benchmark.record.draws import map_numbers
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.reads import AtRead, MembersAndShift, Stages
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.tables.show import render
from mechshift.benchmark.tables.table import record_table
from mechshift.benchmark.validation.plausible import check_plausible
from mechshift.errors import NotComputable


def at_a_read() -> AtRead:
    placed = MembersAndShift(arm={}, mdm={}, shift={})
    return AtRead(
        examples=3, masked=number(0.5), gap={}, structure={}, squared=placed, mass=placed, direction={}
    )


def with_reads() -> Record:
    reads: dict[Any, AtRead | Missing] = {read: at_a_read() for read in ("copy", "start", "half", "last")}
    stages = Stages(reads=reads, metric={"arm": {}})
    cards = TaskCards(arm=some_cards(), mdm=some_cards())
    return a_record(tasks=tuple(a_task(name, stages=stages, cards=cards) for name in TASKS))


def emptied(content: Any) -> Any:
    """The same with nothing in any of its dictionaries of values by name."""
    if isinstance(content, BaseModel):
        kept = ("reads", "unfit", "cells")
        found = {name: value if name in kept else emptied(value) for name, value in content}
        return content.model_copy(update=found)
    if isinstance(content, tuple):
        return tuple(map(emptied, content))
    return {} if isinstance(content, dict) else content


def without_values() -> Record:
    record = with_reads()
    return record.model_copy(update={"tasks": emptied(record.tasks), "summary": emptied(record.summary)})


def with_one_end() -> Record:
    """Every interval has a lower end alone."""

    def cut(place: str, one: Number) -> Number:
        return one.model_copy(update={"high": None})

    return map_numbers(with_reads(), "", cut)  # type: ignore[no-any-return]


def of_endless_numbers() -> Record:
    """Values whose sums are beyond all numbers."""

    def swell(place: str, one: Number) -> Number:
        return Number(value=1e308, low=-1e308, high=1.5e308)

    return map_numbers(with_reads(), "", swell)  # type: ignore[no-any-return]


VIEWS: dict[str, Callable[[Record], object]] = {
    "show": lambda record: render(record, 100),
    "CSV": lambda record: record_table(record, "csv"),
    "page": lambda record: pair_page(PairPage(record)),
    "frame": lambda record: record.to_frame(),
    "notebook": lambda record: record._repr_html_(),
    "compare": lambda record: compare_records(record, with_reads()),
    "validate": lambda record: list(check_plausible(record)),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("make", [with_reads, without_values, with_one_end, of_endless_numbers])
def test_no_view_fails(make: Callable[[], Record], view: Callable[[Record], object]) -> None:
    try:
        view(make())
    except NotComputable:
        assert make is of_endless_numbers, "what cannot be added up is refused in words"


def test_a_file_that_lacks_either_member_at_a_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_model(with_reads(), path)
    path.write_text(path.read_text().replace('"shift":{}', '"other":{}'))
    found = CliRunner().invoke(app, ["show", str(path)])
    assert isinstance(found.exception, NotComputable)
    assert "squared.shift" in str(found.exception)


def test_an_ablation_has_random_neurons_beside_it() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        NeuronAblation(neurons=10, prompts=32, top=0.6, random=())
