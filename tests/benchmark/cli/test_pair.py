"""The commands `check-pair` and `pair new`, as they are typed."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mechshift.benchmark.pairs.registry import get_pair

Command = Callable[..., Any]


def members() -> tuple[str, ...]:
    spec = get_pair("tiny")
    return "--arm", spec.arm.checkpoint, "--mdm", spec.mdm.checkpoint


def test_a_sound_pair_passes(command: Command) -> None:
    done = command("check-pair")
    assert (done.code, done.err) == (0, "")
    assert done.out.strip().endswith("tiny passes every check.")
    movement = next(line for line in done.out.splitlines() if line.startswith("embed_tokens"))
    assert float(movement.split()[1]) > 0


def test_a_wrong_declaration_ends_with_exit_code_1(command: Command) -> None:
    done = command("check-pair", *members(), "--no-shift", "--json")
    assert (done.code, done.err) == (1, "")
    found = json.loads(done.out)
    assert [each["check"] for each in found["findings"] if each["verdict"] == "failed"] == ["behaviour"]
    assert found["failed"]


def test_what_cannot_be_opened_ends_with_exit_code_1(command: Command, tmp_path: Path) -> None:
    done = command("check-pair", *members()[:2], "--mdm", str(tmp_path))
    assert (done.code, done.err) == (1, "")
    assert "the other checks were not made" in done.out


def test_an_entry_that_was_found_can_be_run_by_its_file(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    done = command("pair", "new", *members(), "--name", "mine", "--out", str(path))
    assert (done.code, done.err) == (0, "")
    assert done.out == f"wrote {path}; next: mechshift check-pair --pair {path}\n"
    assert command("check-pair", "--pair", str(path)).out.strip().endswith("mine passes every check.")


def test_an_entry_is_printed_where_no_file_is_named(command: Command) -> None:
    done = command("pair", "new", *members(), "--shift", "--attention", "full")
    assert done.code == 0
    assert 'attention = "full"' in done.out
    assert done.out.startswith("# ")


def test_an_entry_of_ones_own_is_shown(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    command("pair", "new", *members(), "--name", "mine", "--out", str(path))
    done = command("pair", "show", str(path))
    assert (done.code, done.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines() if len(line.split()) > 1)
    assert (lines["pair"], lines["attention"]) == ("mine", "full")
    assert re.search(r"^mask token +as its files name it$", done.out, re.MULTILINE)


def test_an_empty_name_is_none(command: Command) -> None:
    for arguments in (["check-pair", "--pair", ""], ["pair", "new", *members(), "--name", ""]):
        done = command(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "mechshift: " in done.err


def test_a_file_that_is_there_is_not_overwritten(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("kept")
    done = command("pair", "new", *members(), "--out", str(path))
    assert (done.code, done.out) == (2, "")
    assert done.err == (f"mechshift: {path} is not a new .toml file\nchoose another name\n")
    assert path.read_text() == "kept"
