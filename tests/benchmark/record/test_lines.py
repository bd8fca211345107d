"""The record of a line: what it says, beside which pair it stands, and that it is no control and no row."""

from typing import Any

import pytest

from build.boards import a_submitted_record, write_submission
from build.records import a_pair, a_record
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.record.controls import check_control
from mechshift.benchmark.record.files import as_bytes
from mechshift.benchmark.record.lines import LINES, check_line
from mechshift.benchmark.record.official import why_refused
from mechshift.benchmark.record.protocol import PAPER
from mechshift.benchmark.record.provenance import LineProvenance, NoiseProvenance
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.tables.show import render
from mechshift.benchmark.validation.validate import validate
from mechshift.errors import UsageError

ARM = {"digest": "the ARM's"}
MDM = {"digest": "the MDM's"}


def noise(moved_to: str = "the MDM's") -> LineProvenance:
    made = NoiseProvenance(share=0.5, seed=3, checkpoint="x/mdm", revision=None, moved_to=moved_to)
    return LineProvenance(name="noise", noise=made)


def record(name: str, **changes: Any) -> Record:
    return a_record(name, pair=a_pair(name, **{"arm": ARM, "mdm": MDM, **changes}))


PAIR = record("mine")
NOISE = record("mine-noise", mdm={"digest": "noisy"}, line=noise())
CAUSAL = record("mine-mdm-causal", line=LineProvenance(name="mdm-causal"))
BIDIRECTIONAL = record("mine-arm-bidirectional", mdm=ARM, line=LineProvenance(name="arm-bidirectional"))


def test_a_record_says_how_its_second_member_was_made() -> None:
    again = Record.model_validate_json(as_bytes(NOISE))
    assert again.pair.line == noise()
    assert again.pair.second == "line"
    assert again.pair.autoregressive
    assert not CAUSAL.pair.autoregressive


def test_the_record_of_a_pair_is_written_as_before_there_were_lines() -> None:
    assert b'"line"' not in as_bytes(PAIR)
    assert Record.model_validate_json(as_bytes(PAIR)) == PAIR


@pytest.mark.parametrize("line", [NOISE, CAUSAL, BIDIRECTIONAL])
def test_a_line_stands_beside_its_pair_and_is_no_control_of_it(line: Record) -> None:
    check_line(PAIR, line)
    assert line.pair.line is not None
    with pytest.raises(UsageError) as caught:
        check_control(PAIR, line)
    said = f"it is a line and no further training ({LINES[line.pair.line.name]}), and attributes nothing"
    assert caught.value.problem == f"{line.pair.name} is no control of mine: {said}"
    with pytest.raises(UsageError, match="is a line itself"):
        check_control(line, record("control", control=True))


OTHERS = [
    (PAIR, PAIR, "it is a pair with an MDM"),
    (PAIR, record("control", control=True), "it is a control"),
    (PAIR, record("x", arm={"digest": "another"}, line=noise()), "its ARM has other weights"),
    (PAIR, record("x", line=noise("another")), "it was made with another MDM"),
    (PAIR, record("x", mdm={"digest": "another"}, line=CAUSAL.pair.line), "it was made with another MDM"),
    (PAIR, NOISE.model_copy(update={"protocol": PAPER}), "its protocol is another one"),
    (record("control", control=True), NOISE, "control is a control itself"),
    (CAUSAL, NOISE, "mine-mdm-causal is a line itself"),
]


@pytest.mark.parametrize(("pair", "line", "said"), OTHERS)
def test_what_is_no_line_beside_the_pair_is_refused(pair: Record, line: Record, said: str) -> None:
    with pytest.raises(UsageError, match="is no line beside") as caught:
        check_line(pair, line)
    assert said in caught.value.problem


def test_a_page_calls_it_a_line() -> None:
    heads = [text.split()[0] for text in render(NOISE).splitlines() if text[:1].isalpha()][:3]
    assert heads == ["pair", "ARM", "line"]


def test_no_board_takes_a_line(tmp_path: Any) -> None:
    line = a_submitted_record("mine-mdm-causal")
    line = line.model_copy(update={"pair": line.pair.model_copy(update={"line": CAUSAL.pair.line})})
    refused = why_refused(line)
    assert refused is not None
    assert refused.problem.startswith("it is a line beside a pair and no pair: the MDM's own weights")
    place = write_submission(tmp_path / "board", line)
    with pytest.raises(UsageError, match="is on no board: it is a line beside a pair"):
        make_board(tmp_path / "board")
    # Where everything is shown it stands without a rank.
    (row,) = make_board(tmp_path / "board", unofficial=True).rows
    assert not isinstance(row.rank, int)
    for unofficial in (False, True):
        assert [each.problem for each in validate(place, unofficial) if each.check == "coverage"][:1] == [
            refused.problem
        ]
