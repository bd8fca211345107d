"""Protocols against the table that defines them, and against what they were when they were published."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mechshift.benchmark.record.protocol import (
    PAPER,
    QUICK,
    V2,
    Part,
    Protocol,
    ProtocolTask,
    get_protocol,
    list_protocols,
)
from mechshift.benchmark.run.assembly import as_asked
from mechshift.errors import UsageError
from mechshift.metrics import MIB_SHARES
from mechshift.tasks import Task, get_task

PUBLISHED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("protocols.json").read_text(encoding="utf-8")
)
"""Every protocol by name and version, as it was first published; entries are added and never changed."""

RETIRED = {"v1"}
"""Names of protocols that were published and of which nothing can be run any more."""

every_protocol = pytest.mark.parametrize("protocol", list_protocols(), ids=lambda protocol: protocol.name)


def test_v2_is_the_boards() -> None:
    assert V2.board
    assert V2.version == 3
    assert (V2.scoring.kv, V2.scoring.rule, V2.scoring.steps) == ("grouped", "staggered", "converge")
    assert (V2.scoring.method, V2.sweeping.selection) == ("eap-ig", "absolute")
    assert (V2.scoring.places, V2.scoring.neurons) == (True, True)
    assert (V2.sampling.read, V2.reading.beside) == ("plan", ("copy", "start", "half", "last"))
    assert V2.sweeping.grid == MIB_SHARES
    assert (V2.compared.circuit_edges, V2.compared.faithful) == (None, 0.85)
    assert (V2.sampling.pool, V2.halving.disjoint) == (500, True)
    assert (V2.sweeping.intervention, V2.sweeping.swept) == ("patch", 128)
    assert V2.statistics.resamples >= 200
    assert V2.statistics.interval == "student"
    assert V2.compared.components == 20
    assert {get_task(task.name).card.suite for task in V2.tasks} == {"local", "planning"}


def test_paper_is_as_published() -> None:
    assert not PAPER.board
    assert (PAPER.scoring.kv, PAPER.scoring.rule, PAPER.scoring.steps) == ("ungrouped", "left", 5)
    assert (PAPER.scoring.method, PAPER.sweeping.selection) == ("eap-ig", "absolute")
    assert (PAPER.scoring.places, PAPER.scoring.neurons) == (False, False)
    assert (PAPER.sampling.read, PAPER.reading.beside) == ("trajectory", ())
    assert (PAPER.compared.circuit_edges, PAPER.minimum_edges) == (1000, 5000)
    assert (PAPER.sampling.pool, PAPER.halving.disjoint, PAPER.sweeping.swept) == (500, False, None)
    assert {task.name for task in PAPER.tasks} == {"ioi", "greater-than", "countdown", "infilling"}


def test_quick_is_v2_on_fewer_examples() -> None:
    mine, boards = dict(QUICK.settings()), dict(V2.settings())
    assert mine.keys() == boards.keys()
    fewer = {"minimum", "pool", "convergence", "most", "beside_examples", "swept", "resamples"}
    fewer |= {"crossed", "shuffled_examples", "ablated", "random_sets"}
    differing = {name for name in mine if mine[name] != boards[name]}
    assert differing == {"name", "version", "board", *fewer}
    assert (QUICK.sampling.pool, QUICK.board) == (80, False)
    assert all(mine[name] < boards[name] for name in fewer)
    # A read is analysed from `minimum` examples up.
    assert QUICK.reading.beside_examples >= QUICK.minimum
    assert QUICK.tasks == V2.tasks


def test_protocols_have_a_name_each_and_are_found_by_it() -> None:
    names = [protocol.name for protocol in list_protocols()]
    assert names[0] == "v2"
    assert len(set(names)) == len(names) == 3
    assert all(get_protocol(name).name == name for name in names)


def test_an_unknown_protocol_is_offered_near_names() -> None:
    with pytest.raises(UsageError, match="unknown protocol 'papers'\ndid you mean paper"):
        get_protocol("papers")
    with pytest.raises(UsageError, match="known: v2, paper, quick"):
        get_protocol("zzzz")


@every_protocol
def test_a_protocol_is_what_was_published_under_its_name_and_version(protocol: Protocol) -> None:
    """Where this fails raise the protocol's version, and add it to `protocols.json` under the new one."""
    published = PUBLISHED[protocol.name].get(str(protocol.version))
    # A setting that came since has the default that was done before there was a choice.
    assert Protocol.model_validate(published) == protocol


@pytest.mark.parametrize(("name", "first"), [("v2", 3), ("paper", 6), ("quick", 6)])
def test_intervals_of_older_protocols_are_read_as_the_percentile_ones_that_they_are(
    name: str, first: int
) -> None:
    before, since = (Protocol.model_validate(PUBLISHED[name][str(first - back)]) for back in (1, 0))
    assert (before.statistics.interval, since.statistics.interval) == ("percentile", "student")


def test_what_was_published_names_itself() -> None:
    assert PUBLISHED.keys() - RETIRED == {protocol.name for protocol in list_protocols()}
    for name, versions in PUBLISHED.items():
        assert {(one["name"], str(one["version"])) for one in versions.values()} == {
            (name, version) for version in versions
        }
        if name not in RETIRED:
            assert get_protocol(name).version == max(map(int, versions))


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_protocol_is_kept_and_cannot_be_run(name: str) -> None:
    assert PUBLISHED[name]
    with pytest.raises(UsageError, match=f"unknown protocol '{name}'"):
        get_protocol(name)


@every_protocol
def test_a_protocol_asks_tasks_that_there_are(protocol: Protocol) -> None:
    assert protocol.tasks
    for asked in protocol.tasks:
        task = get_task(asked.name)
        assert task.card.version == asked.version
        assert asked.level in task.card.levels
    assert len({task.name for task in protocol.tasks}) == len(protocol.tasks)


@every_protocol
def test_a_task_added_to_the_registry_changes_no_protocol(
    protocol: Protocol, register: Callable[[Task], None]
) -> None:
    before = protocol.model_dump_json()
    ioi = get_task("ioi")
    register(replace(ioi, card=replace(ioi.card, name="another task")))
    assert get_task("another task").card.suite == "local"
    assert get_protocol(protocol.name).model_dump_json() == before
    assert as_asked(protocol, None, None) == protocol.tasks


@every_protocol
def test_a_protocol_is_carried_whole(protocol: Protocol) -> None:
    assert Protocol.model_validate_json(protocol.model_dump_json()) == protocol
    for name in (name for name, field in Protocol.model_fields.items() if field.is_required()):
        with pytest.raises(ValidationError, match=name):
            Protocol.model_validate(protocol.model_dump(exclude={name}))
    with pytest.raises(ValidationError, match="extra"):
        Protocol.model_validate(protocol.model_dump() | {"extra": 1})


@every_protocol
def test_a_part_is_carried_whole(protocol: Protocol) -> None:
    parts = {name: part for name, part in protocol if isinstance(part, Part)}
    assert parts.keys() == {
        "sampling",
        "halving",
        "scoring",
        "reading",
        "sweeping",
        "compared",
        "removing",
        "transferring",
        "ablating",
        "statistics",
    }
    for name, part in parts.items():
        content = protocol.model_dump()
        for field, about in type(part).model_fields.items():
            without = content | {name: part.model_dump(exclude={field})}
            if not about.is_required():
                assert getattr(getattr(Protocol.model_validate(without), name), field) == about.default
                continue
            with pytest.raises(ValidationError, match=f"{name}.{field}"):
                Protocol.model_validate(without)
        with pytest.raises(ValidationError, match="invented"):
            Protocol.model_validate(content | {name: part.model_dump() | {"invented": 1}})


def test_settings_are_all_that_is_set_but_the_tasks() -> None:
    assert dict(V2.settings()) == {
        "name": "v2",
        "version": 3,
        "board": True,
        "minimum": 30,
        "minimum_edges": 0,
        "seed": 0,
        "pool": 500,
        "candidates": 10,
        "read": "plan",
        "denoising_order": "confidence",
        "denoising_steps": "task",
        "disjoint": True,
        "groups": 24,
        "method": "eap-ig",
        "kv": "grouped",
        "rule": "staggered",
        "steps": "converge",
        "convergence": 24,
        "most": 40,
        "places": True,
        "neurons": True,
        "beside": ("copy", "start", "half", "last"),
        "beside_examples": 48,
        "selection": "absolute",
        "grid": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
        "intervention": "patch",
        "swept": 128,
        "circuit_edges": None,
        "faithful": 0.85,
        "components": 20,
        "removed": 1,
        "crossed": 64,
        "shuffled": 50,
        "shuffled_examples": 8,
        "ablated": 32,
        "ablated_heads": 4,
        "ablated_mlps": 1,
        "ablated_neurons": 20,
        "random_sets": 10,
        "resampling_seed": 0,
        "resamples": 200,
        "splits": 10,
        "interval": "student",
    }


def test_no_two_settings_have_one_name() -> None:
    """Else `changed` would set both, and a table would show one."""
    names = [name for name, _ in V2.settings()]
    assert len(set(names)) == len(names)


def test_settings_are_changed_by_their_names() -> None:
    values = {"name": "mine", "minimum": 4, "seed": 1, "pool": 12, "disjoint": False, "kv": "ungrouped"}
    values |= {"steps": 3, "grid": (0.5, 1.0), "faithful": 0.6, "resampling_seed": 2, "splits": 7}
    changed = V2.changed(**values)
    assert dict(changed.settings()) == dict(V2.settings()) | values
    assert (changed.sampling.seed, changed.sampling.pool, changed.sampling.candidates) == (1, 12, 10)
    assert (changed.scoring.steps, changed.scoring.rule) == (3, "staggered")
    assert changed.tasks == V2.tasks
    assert (V2.name, V2.sampling.pool, V2.scoring.steps) == ("v2", 500, "converge")


def test_tasks_and_parts_are_changed_as_a_whole() -> None:
    some = V2.tasks[:2]
    assert V2.changed(tasks=some).tasks == some
    assert V2.changed(sampling=QUICK.sampling) == V2.changed(pool=80)
    assert V2.changed() == V2


def test_a_setting_that_there_is_not_cannot_be_changed() -> None:
    with pytest.raises(KeyError, match="a protocol has no depth, suite"):
        V2.changed(depth=3, pool=4, suite="all")


def test_a_task_is_found_by_its_name() -> None:
    assert V2.task("sudoku") == ProtocolTask(name="sudoku", level="easy", version=2)
    assert PAPER.task("sudoku") is None
    assert [V2.task(task.name) for task in V2.tasks] == list(V2.tasks)


def test_nothing_of_a_protocol_can_be_set() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        V2.name = "v2"
    with pytest.raises(ValidationError, match="frozen"):
        V2.scoring.steps = 1
    with pytest.raises(ValidationError, match="frozen"):
        V2.tasks[0].level = "names"


def test_another_method_is_in_the_protocol_and_in_its_name() -> None:
    assert V2.scored("eap-ig") is V2
    for method in ("eap", "relp", "gim"):
        found = V2.scored(method)
        assert (found.name, found.board, found.scoring.method) == (f"v2-{method}", False, method)
        # One gradient, at the clean run: no number of points is searched for.
        assert found.scoring.steps == 1
        assert found.changed(method="eap-ig", steps="converge", name="v2", board=True) == V2
    exact = PAPER.scored("exact").scoring
    assert (exact.method, exact.steps, exact.places, exact.neurons) == ("exact", 1, False, False)


def test_another_selection_is_in_the_protocol_and_in_its_name() -> None:
    assert QUICK.selecting("absolute") is QUICK
    found = QUICK.selecting("frequent")
    assert (found.name, found.board, found.sweeping.selection) == ("quick-frequent", False, "frequent")
    assert found.selecting("absolute").changed(name="quick") == QUICK


def test_variants_are_named_in_one_order_and_recognised() -> None:
    found = V2.varied("gim", "positive", 3)
    assert found.name == "v2-gim-positive-seed-3"
    assert V2.varied_like(found) == found
    assert QUICK.varied_like(found) != found
    assert V2.varied() is V2


def test_methods_and_selections_that_there_are_not() -> None:
    with pytest.raises(UsageError, match="unknown method of scoring edges 'gimm'\ndid you mean gim"):
        V2.scored("gimm")
    with pytest.raises(UsageError, match="unknown selection of edges 'freqent'\ndid you mean frequent"):
        V2.selecting("freqent")
