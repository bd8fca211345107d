"""The quick faults are made, and come to what docs/reliability.md says; the page has all that there are."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reliability.fault import Fault
from reliability.faults import HEADERS, KINDS, PAGE, every, row
from reliability.tables import table
from reliability.under_fault import Ended, Ground, Harm, Seen, acting, contents, record_of, unfinished

from mechshift.benchmark.pairs.pair import Pair

LINES = PAGE.read_text(encoding="utf-8").splitlines()
QUICK = [fault for fault in every() if fault.quick]


def line(fault: Fault, seen: Seen) -> str:
    return table((), [row(fault, seen)]).splitlines()[-1]


@pytest.fixture(scope="module")
def ground(tiny: Pair) -> Iterator[Ground]:
    # Not one of pytest's own: who is to be refused a folder within has to be let in so far.
    with tempfile.TemporaryDirectory() as folder:
        yield Ground(Path(folder), tiny)


@pytest.mark.parametrize("fault", QUICK, ids=[fault.name for fault in QUICK])
def test_a_fault_comes_to_what_the_page_says(fault: Fault, ground: Ground) -> None:
    assert line(fault, fault.make(ground)) in LINES


def test_the_page_has_every_fault_once_and_in_order() -> None:
    shown = [each.split(" | ")[:2] for each in LINES if each.startswith("| ")]
    expected = []
    for kind in KINDS:
        expected += [list(HEADERS[:2]), *([fault.name, fault.made] for fault in kind.all)]
    assert [[name.removeprefix("| "), made] for name, made in shown] == expected
    names = [fault.name for fault in every()]
    assert len(set(names)) == len(names)


def test_no_line_of_the_page_tells_of_harm() -> None:
    """Whatever happened, the same bytes come of it in the end, or an error with its exit code."""
    cells = [each.strip("| ").split(" | ") for each in LINES if each.startswith("| ")]
    told = [each[2:] for each in cells if each[:2] != list(HEADERS[:2])]
    assert len(told) == len(list(every()))
    for happened, afterwards in told:
        assert any(word in happened for word in ("the same bytes", "exit code", "killed by SIGKILL"))
        assert "the same bytes" in afterwards
        assert "Traceback" not in happened


def test_harm_is_noticed(ground: Ground) -> None:
    """Other bytes, a run that does not mend them, a traceback, and what is left behind."""
    out = ground.begun("comparison")
    ended = ground.run(out)
    record = record_of(out)
    record.write_bytes(record.read_bytes() + b" ")
    with pytest.raises(Harm, match=r"other bytes: \['tiny-quick-infilling.json'\]"):
        ground.seen(out, ended)
    (out / "cells" / "foreign").write_bytes(b"")
    with pytest.raises(Harm, match=r"not mended.*cells/foreign"):
        ground.seen(out, Ended(3, "something else"))

    def fail() -> None:
        raise AssertionError("a fault of the program's own")

    with pytest.raises(Harm, match=r"(?s)a traceback.*a fault of the program's own"):
        ground.run(ground.begun("comparison"), before=acting("comparison", fail))
    (out / ".x.partial").write_bytes(b"")
    (out / "x.claim-1").write_bytes(b"")
    assert sorted(path.name for path in unfinished(out)) == [".x.partial", "x.claim-1"]
    assert "x.claim-1" in contents(out)
    assert ".x.partial" not in contents(out)
