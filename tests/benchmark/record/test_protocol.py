"""Protocols against the table that defines them."""

import pytest
from pydantic import ValidationError

from mechshift.benchmark.record.protocol import PAPER, QUICK, V1, Protocol, get_protocol, list_protocols
from mechshift.errors import UsageError
from mechshift.metrics import MIB_SHARES
from mechshift.tasks import get_suite


def test_v1_is_the_boards() -> None:
    assert V1.board
    assert (V1.kv, V1.rule, V1.steps) == ("grouped", "midpoint", 5)
    assert V1.grid == MIB_SHARES
    assert (V1.circuit_edges, V1.faithful) == (None, 0.85)
    assert (V1.pool, V1.disjoint) == (500, True)
    assert V1.intervention == "patch"
    assert V1.resamples >= 200
    assert V1.components == 20
    assert {task.card.suite for task in get_suite(V1.suite)} == {"local", "planning"}


def test_paper_is_as_published() -> None:
    assert not PAPER.board
    assert (PAPER.kv, PAPER.rule, PAPER.steps) == ("ungrouped", "left", 5)
    assert (PAPER.circuit_edges, PAPER.minimum_edges) == (1000, 5000)
    assert (PAPER.pool, PAPER.disjoint) == (500, False)
    names = {task.card.name for task in get_suite(PAPER.suite)}
    assert names == {"ioi", "greater-than", "countdown", "infilling"}


def test_quick_is_v1_on_fewer_examples() -> None:
    changed = {name for name in Protocol.model_fields if getattr(QUICK, name) != getattr(V1, name)}
    assert changed == {"name", "board", "pool"}
    assert (QUICK.pool, QUICK.board) == (100, False)


def test_protocols_have_a_name_each_and_are_found_by_it() -> None:
    names = [protocol.name for protocol in list_protocols()]
    assert names[0] == "v1"
    assert len(set(names)) == len(names) == 3
    assert all(get_protocol(name).name == name for name in names)


def test_an_unknown_protocol_is_offered_near_names() -> None:
    with pytest.raises(UsageError, match="unknown protocol 'papers'\ndid you mean paper"):
        get_protocol("papers")
    with pytest.raises(UsageError, match="known: v1, paper, quick"):
        get_protocol("zzzz")


@pytest.mark.parametrize("protocol", list_protocols(), ids=lambda protocol: protocol.name)
def test_a_protocol_is_carried_whole(protocol: Protocol) -> None:
    assert Protocol.model_validate_json(protocol.model_dump_json()) == protocol
    for name in Protocol.model_fields:
        with pytest.raises(ValidationError, match=name):
            Protocol.model_validate(protocol.model_dump(exclude={name}))
    with pytest.raises(ValidationError, match="extra"):
        Protocol.model_validate(protocol.model_dump() | {"extra": 1})
