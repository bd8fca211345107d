"""A submission's card: a template that can be filled in, and everything that is wrong with another."""

import os
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from build.submissions import CARD as FILLED
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.submission.card import (
    LARGEST_CARD,
    UNFILLED,
    CardOnBoard,
    card_names,
    card_on_board,
    check_card,
    write_template,
)

MakeRecord = Callable[..., Record]


def problems(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "card.toml").write_text(text)
    return check_card(tmp_path / "card.toml")


def test_a_filled_card_is_read(tmp_path: Path) -> None:
    assert problems(tmp_path, FILLED) == []
    card = card_on_board(tmp_path / "card.toml")
    assert (card.authors, card.contact) == (("Ada Lovelace", "Grace Hopper"), "ada@example.org")


def test_the_template_names_what_is_left_to_fill_in(make_record: MakeRecord, tmp_path: Path) -> None:
    text = write_template(make_record("one"), date(2026, 11, 29))
    found = tomllib.loads(text)
    assert (found["pair"], found["date"]) == ("one", date(2026, 11, 29))
    places = [one.partition(":")[0] for one in problems(tmp_path, text)]
    assert set(places) >= {"authors.0", "contact", "description", "weights_licence", "licence"}
    assert "pair" not in places
    assert all("still to be filled in" in one for one in problems(tmp_path, text))


@pytest.mark.parametrize("text", ['say "no"', "a\\b", "line\nbreak", "\x7f\x1b[31m", "中文 Ĵ", "'''", '"""'])
def test_what_a_record_says_is_quoted(text: str, make_record: MakeRecord) -> None:
    record = make_record("one")
    pair = record.pair.model_copy(update={"name": text, "confounds": (text,)})
    found = tomllib.loads(write_template(record.model_copy(update={"pair": pair}), date(2026, 1, 2)))
    assert (found["pair"], found["confounds"]) == (text, text)


def test_hub_checkpoints_are_filled_in_with_their_revision(make_record: MakeRecord) -> None:
    record = make_record("one")
    arm = record.pair.arm.model_copy(update={"checkpoint": "org/arm", "revision": "abc"})
    pair = record.pair.model_copy(update={"arm": arm})
    found = tomllib.loads(write_template(record.model_copy(update={"pair": pair}), date(2026, 1, 2)))
    assert found["checkpoints"]["arm"] == "org/arm@abc"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('contact = "ada@example.org"\n', "", "contact"),
        ('["Ada Lovelace", "Grace Hopper"]', "[]", "authors"),
        ('["Ada Lovelace", "Grace Hopper"]', '"Ada Lovelace"', "authors"),
        ("2026-11-29", '"2026-11-29"', "date"),
        ('"small"', "7", "pair"),
        ('"small"', '""', "pair"),
        ('"small"', '"two\\nlines"', "pair"),
        ('"small"', f'"{"x" * 501}"', "pair"),
        ("[checkpoints]", "more = 1\n[checkpoints]", "more"),
        ('mdm = "nobody/mdm@main"', "", "checkpoints.mdm"),
        ('"CC-BY-4.0"', '" FILL IN"', "licence"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, named: str, tmp_path: Path) -> None:
    assert old in FILLED
    (problem,) = problems(tmp_path, FILLED.replace(old, new))
    assert problem.startswith(f"{named}: ")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"authors = [",
        b"\xff\xfe",
        b"x = " + b"[" * 20_000,
        b"x = " + b"9" * 10_000,
        b"#" * (LARGEST_CARD + 1),
        b"a." * 10_000 + b"a = 1",
        b"a." * 1_000 + b"a = 1",
    ],
    ids=["empty", "no TOML", "no text", "deep", "long number", "large", "long key", "deep key"],
)
def test_a_file_that_is_no_card_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_bytes(content)
    assert check_card(tmp_path / "card.toml")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "pipe", "."):
        (problem,) = check_card(tmp_path / name)
        assert problem.startswith("it cannot be read: ")


def on_board(tmp_path: Path, text: str) -> CardOnBoard:
    (tmp_path / "card.toml").write_text(text)
    return card_on_board(tmp_path / "card.toml")


def test_a_board_shows_who_what_and_which_confounds(tmp_path: Path) -> None:
    text = FILLED.replace('"none known"', '"""More data.\n\n another tokenizer """')
    found = on_board(tmp_path, text)
    expected = ("Ada Lovelace", "Grace Hopper"), "ada@example.org", ("More data.", "another tokenizer")
    assert (found.authors, found.contact, found.confounds) == expected
    assert found.problem is None
    assert found.confounds_beside(["More data."]) == ("card: another tokenizer",)


def test_none_known_is_no_confound(tmp_path: Path) -> None:
    found = on_board(tmp_path, FILLED)
    assert found.confounds == ("none known",)
    assert found.confounds_beside(()) == ()


def test_a_board_says_what_nobody_has_filled_in(make_record: MakeRecord, tmp_path: Path) -> None:
    found = on_board(tmp_path, write_template(make_record("one"), date(2026, 11, 29)))
    assert set(found.authors) == {found.contact} == set(found.confounds) == {UNFILLED}
    assert found.confounds_beside(()) == ("card: not filled in",)


def test_endless_confounds_are_shortened_beside_a_row() -> None:
    found = CardOnBoard(confounds=tuple(f"{index} {'x' * 1000}" for index in range(30))).confounds_beside(())
    assert len(found) == 11
    assert max(map(len, found)) < 310
    assert found[-1] == "card: 20 more lines"


@pytest.mark.parametrize(
    "text", ["", "authors = 1", "[" * 9999, "\x00", "x = 1" * 50_000, "a = 1" + "0" * 5000]
)
def test_no_card_is_a_traceback_on_a_board(tmp_path: Path, text: str) -> None:
    found = on_board(tmp_path, text)
    assert found.problem is not None
    assert (found.authors, found.contact, found.confounds) == ((), None, ())


def test_a_board_does_not_wait_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "card.toml")
    assert card_on_board(tmp_path / "card.toml").problem is not None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (FILLED, ("small", date(2026, 11, 29))),
        ('pair = "small"\ndate = "2026-11-29"', ("small", None)),
        ('pair = "FILL IN"\ndate = 2026-11-29\nother = 1', (None, date(2026, 11, 29))),
        ("pair = 1\ndate = 2026-11-29T10:00:00", (None, None)),
        ("pair = ", (None, None)),
        (f"pair = '{500 * 'a'}'", (500 * "a", None)),
        (f"pair = '{501 * 'a'}'", (None, None)),
    ],
)
def test_what_a_card_names_is_known_whatever_else_it_lacks(
    text: str, names: tuple[str | None, date | None], tmp_path: Path
) -> None:
    (tmp_path / "card.toml").write_text(text)
    assert card_names(tmp_path / "card.toml") == names
