"""`--html`: which files are written, and what is refused."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.boards import a_submitted_record, write_submission
from build.pages import Parsed, a_drawn_record
from build.records import a_pair, a_record, a_task
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.pages.write import write_board
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.tables.reproducing import command as reproducing

Command = Callable[..., Any]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A pair and the control of its ARM, and another pair."""
    arm = {"digest": "an ARM"}
    for name, control in (("one", False), ("one-on", True)):
        write_submission(tmp_path / "board", a_submitted_record(name, arm=arm, control=control))
    write_submission(tmp_path / "board", a_submitted_record("other"))
    return tmp_path / "board"


def test_a_board_is_a_folder_of_pages_that_lead_to_each_other(board: Path, tmp_path: Path) -> None:
    written = write_board(make_board(board), tmp_path / "site")
    assert sorted(path.relative_to(tmp_path / "site").as_posix() for path in written) == [
        "index.html",
        "pairs/2026-11-29-one-on-v2.html",
        "pairs/2026-11-29-one-v2.html",
        "pairs/2026-11-29-other-v2.html",
    ]
    links = {link for link in Parsed(written[0].read_text()).values("href") if link.endswith(".html")}
    assert {tmp_path / "site" / link for link in links} == set(written[1:])
    pair = (tmp_path / "site" / "pairs" / "2026-11-29-one-v2.html").read_text()
    assert "../index.html" in list(Parsed(pair).values("href"))
    assert "control: one-on" in Parsed(pair).text
    before = {path: path.read_bytes() for path in written}
    assert write_board(make_board(board), tmp_path / "site") == written
    assert {path: path.read_bytes() for path in written} == before


def test_a_board_can_be_one_file(command: Command, board: Path, tmp_path: Path) -> None:
    done = command("leaderboard", board, "--html", "board.html")
    assert (done.code, done.out, done.err) == (0, "", "wrote board.html\n")
    assert not any(
        link.endswith(".html") for link in Parsed((tmp_path / "board.html").read_text()).values("href")
    )


def test_a_boards_pages_are_instead_of_other_formats(command: Command, board: Path) -> None:
    assert command("leaderboard", board, "--html", "x", "--json").code == 2
    assert command("leaderboard", board, "--html", "x", "--columns", "rank").code == 2


def test_names_that_lead_elsewhere_do_not(tmp_path: Path, board: Path) -> None:
    found = make_board(board)
    names = ("../../out", "../../OUT")
    rows = [
        type(row)(type(row.entry)(name, row.entry.place, row.record), row.rank)
        for name, row in zip(names, found.rows, strict=True)
    ]
    written = write_board(type(found)(tuple(rows), (), found.sort, False), tmp_path / "site")
    assert [path.name for path in written] == ["index.html", "out.html", "out-2.html"]
    assert {path.parent for path in written[1:]} == {tmp_path / "site" / "pairs"}


def test_show_writes_a_page_with_circuits_and_the_control(command: Command, tmp_path: Path) -> None:
    path, record = a_drawn_record(tmp_path / "run")
    control = a_record("on", pair=record.pair.model_copy(update={"name": "on", "control": True}))
    write_model(control, tmp_path / "on.json")
    done = command("show", path, "--html", "page", "--control", "on.json")
    assert (done.code, done.err) == (0, "wrote page/index.html\n")
    assert done.out.startswith("pair")
    page = (tmp_path / "page" / "index.html").read_text()
    assert page.count("Importance by layer and head") == 2
    assert "control: on" in Parsed(page).text


def test_a_control_of_another_arm_is_refused(command: Command, tmp_path: Path) -> None:
    write_model(a_record("one"), tmp_path / "one.json")
    write_model(a_record("two"), tmp_path / "two.json")
    done = command("show", "one.json", "--html", "x.html", "--control", "two.json")
    assert done.code == 2
    assert "two is no control of one: it is a pair with an MDM; its ARM has other weights" in done.err
    assert not (tmp_path / "x.html").exists()
    assert command("show", "one.json", "--control", "two.json").code == 2


def test_a_page_is_of_one_record(command: Command, tmp_path: Path) -> None:
    write_model(a_record("one"), tmp_path / "some" / "one.json")
    write_model(a_record("two"), tmp_path / "some" / "two.json")
    done = command("show", "some", "--html", "x.html")
    assert done.code == 2
    assert "holds 2 records, but --html draws only one" in done.err


def test_compare_writes_a_page(command: Command, tmp_path: Path) -> None:
    write_model(a_record("one"), tmp_path / "one.json")
    write_model(a_record("two"), tmp_path / "two.json")
    done = command("compare", "one.json", "two.json", "--html", "compare.html", "--json")
    assert (done.code, done.err) == (0, "wrote compare.html\n")
    json.loads(done.out)
    assert "one and two" in Parsed((tmp_path / "compare.html").read_text()).text


def test_the_command_that_makes_a_record_again() -> None:
    record = a_record("two words", pair=a_pair("two words", mdm={"shift": False}))
    assert shlex.split(reproducing(record)) == [
        *("mechshift", "run", "--arm", "two words/arm", "--mdm", "two words/mdm@main"),
        *(
            "--attention",
            "full",
            "--no-shift",
            "--mask-token",
            "2",
            "--name",
            "two words",
            "--protocol",
            "v2",
        ),
    ]
    assert "'two words/arm'" in reproducing(record)


def test_a_listed_pair_is_run_by_its_name() -> None:
    revision = {"revision": None}
    listed = a_record("tiny", pair=a_pair("tiny", mdm=revision), protocol=QUICK)
    assert reproducing(listed) == "mechshift run --pair tiny --protocol quick"
    other = a_record("tiny", pair=a_pair("tiny", mdm={"checkpoint": "else/mdm"}))
    assert "--pair" not in reproducing(other)


def test_a_partial_run_is_repeated_in_part() -> None:
    record = a_record(
        "tiny", pair=a_pair("tiny", mdm={"revision": None}), tasks=(a_task("ioi", level="baba"),)
    )
    assert reproducing(record).endswith("--protocol v2 --task ioi --level baba")


def test_a_control_is_run_as_one() -> None:
    assert "--as-control" in reproducing(a_record("x", pair=a_pair("x", control=True)))
