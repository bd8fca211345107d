"""Records with cells to draw, rows of boards, and names that would act if a page let them."""

from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from build.records import (
    TASKS,
    a_comparison,
    a_failed_task,
    a_function,
    a_pair,
    a_prompt,
    a_record,
    a_task,
    number,
)
from mechshift.benchmark.board.columns import BoardRow
from mechshift.benchmark.board.entries import Entry
from mechshift.benchmark.board.ranks import Unranked
from mechshift.benchmark.board.rows import Board
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import CellRecord, TaskRecord
from mechshift.benchmark.run.store import digest_of

GRAPH = Graph(layers=2, heads=4, kv_heads=2)
COMPARED = 40

NASTY = (
    "<img src=x onerror=\"document.title='acted'\">'\"&amp;</script><script>document.title='acted'</script>"
    "</title><style>*{display:none}</style>\u202egnp\u2066\x1b[31m\x00]]>--!>"
)
"""Markup, quotes, ends of scripts, characters that reorder or control, in one name."""

SEEN = NASTY.translate(dict.fromkeys(map(ord, "\u202e\u2066\x1b\x00"), "\N{REPLACEMENT CHARACTER}"))
"""What a reader is shown of it."""


def some_scores(seed: int, graph: Graph = GRAPH) -> ScoreSums:
    """Scores of a member: heavy tails, two groups of three examples, ties and zeros among them."""
    generator = np.random.default_rng(seed)
    each = np.round(generator.standard_t(2, (2, *graph.mask.shape)), 1) * graph.mask
    attribution = Attribution(
        graph,
        Integration("midpoint", 5),
        3 * each,
        np.array([3, 3]),
        np.full(6, 2.0),
        np.full(6, -1.0),
        np.repeat([0, 1], 3),
    )
    return ScoreSums(attribution, ("one", "two"), np.arange(6))


def a_drawn_task(folder: Path, name: str, graph: Graph = GRAPH) -> TaskRecord:
    """A task whose scores are written to the cells beside a record in `folder`."""
    task = a_task(name, comparison=a_comparison((COMPARED, number(0.75, 0.05))))
    cells = dict(task.cells)
    for seed, role in enumerate(("arm", "mdm"), start=len(name)):
        cell = f"scores-{role}"
        path = folder / "cells" / name / f"{cell}.{cells[cell].key}.safetensors"
        some_scores(seed, graph).save(path)
        cells[cell] = CellRecord(key=cells[cell].key, digest=digest_of(path))
    return task.model_copy(update={"cells": cells})


def a_drawn_record(
    folder: Path, asked: Sequence[str] = ("ioi", "countdown"), name: str = "drawn", **changes: Any
) -> tuple[Path, Record]:
    """A record of tasks with cells, and its file."""
    tasks = tuple(a_drawn_task(folder, task) for task in asked)
    shape = {"layers": GRAPH.layers, "heads": GRAPH.heads, "kv_heads": GRAPH.kv_heads, "edges": GRAPH.edges}
    record = a_record(name, tasks=tasks, pair=a_pair(name, **shape), **changes)
    path = folder / f"{name}-v2.json"
    write_model(record, path)
    return path, record


def a_nasty_record() -> Record:
    """Every text that a stranger can put into a record, as it would be put there to act."""
    pair = a_pair(
        NASTY,
        arm={"checkpoint": NASTY, "revision": NASTY, "digest": NASTY, "native": NASTY, "attention": NASTY},
        mdm={"checkpoint": NASTY, "dtype": NASTY},
        confounds=(NASTY,),
        tokenizer=NASTY,
        movement={NASTY: 0.5},
    )
    prompt = a_prompt().model_copy(update={"clean": (NASTY,), "template": NASTY, "answer": (NASTY,)})
    task = a_task("ioi", level=NASTY, prompts=(prompt.model_copy(update={"corrupted": ("x",)}),))
    task = task.model_copy(update={"cells": {NASTY: task.cells["pool"]}})
    record = a_record(tasks=(task,), failed=(a_failed_task("sudoku", NASTY),), pair=pair, reductions=(NASTY,))
    environment = record.environment.model_copy(update={"platform": NASTY, "device": NASTY})
    protocol = record.protocol.model_copy(update={"name": NASTY})
    missing = with_shift(record, Missing(missing=NASTY))
    return missing.model_copy(update={"environment": environment, "protocol": protocol})


def a_judged_record(name: str, in_arm: float, in_mdm: float, rho: float, **pair: Any) -> Record:
    """On all tasks that τ* in either member, and that ρ by both estimators."""
    tasks = []
    for task in TASKS:
        alike = {"edges": number(rho, 0.02), "standardised": number(rho, 0.03)}
        comparison = a_comparison(structure={**a_comparison().structure, **alike})
        tasks.append(a_task(task, comparison=comparison, function=a_function(in_arm, in_mdm)))
    return a_record(name, tasks=tuple(tasks), pair=a_pair(name, **pair))


def with_shift(record: Record, shift: Measured) -> Record:
    """The record with another task-dependent shift."""
    similarity = record.summary.similarity.model_copy(update={"shift": shift})
    summary = record.summary.model_copy(update={"similarity": similarity})
    return record.model_copy(update={"summary": summary})


def some_rows(number_of: int, seed: int = 0) -> list[BoardRow]:
    """Rows with numbers from one generator, some with controls, doubts, missing values; of two families."""
    generator = np.random.default_rng(seed)
    rows = []
    for index in range(number_of):
        shift, local = generator.normal(0, 0.2), generator.uniform(0.2, 1)
        record = _a_row_record(f"pair-{index:03}", shift, local, missing=index % 7 == 3, gpt2=index % 3 == 1)
        entry = Entry(
            name=f"2026-11-29-pair-{index:03}-v2",
            place=Path("nowhere"),
            record=record,
            status="re-run" if index % 4 == 0 else "self-reported",
            refused="an attestation is there, and its signature is of nobody" if index % 6 == 2 else None,
            unofficial="task ioi was not asked for" if index == 5 else None,
        )
        described = a_pair("control", arm={"digest": record.pair.arm.digest}, control=True)
        other = a_record("control", number(0.01, 0.02), pair=described)
        control = Entry("2026-11-29-control-v2", Path("nowhere"), other)
        rank = Unranked("it has no value") if index % 7 == 3 else index + 1
        rows.append(BoardRow(entry, rank, (control,) if index % 5 == 0 else ()))
    return rows


def a_board(rows: Sequence[BoardRow]) -> Board:
    return Board(tuple(rows), (), "task_dependent_shift", ascending=False)


def _a_row_record(name: str, shift: float, local: float, missing: bool, gpt2: bool) -> Record:
    native = {"native": "GPT2LMHeadModel"} if gpt2 else {}
    value = Missing(missing="a task gave no comparison") if missing else number(shift, 0.05)
    record = a_record(name, value, pair=a_pair(name, arm=native))
    overlap = {**record.summary.overlap, "local": number(local, 0.04)}
    return record.model_copy(update={"summary": record.summary.model_copy(update={"overlap": overlap})})


class Parsed(HTMLParser):
    """A page as a browser without scripts sees it: elements with their attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> Iterator[str]:
        """All values of an attribute."""
        return (attributes[attribute] or "" for _, attributes in self.elements if attribute in attributes)
