"""`mechshift robustness`: text and JSON of a record, its marks, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mechshift
from build.submissions import write_run
from mechshift.benchmark.record.robustness import robustness_path
from mechshift.errors import UsageError

Command = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def test_a_record_is_varied_and_marked(command: Command, path: Path) -> None:
    done = command("robustness", path, "--only", "weighting")
    assert done.code == 0, done.err
    assert "squared mass" in done.out
    assert "Robustness, 4 variations:" in done.out
    assert robustness_path(path).is_file()
    for other in ("verdict", "show"):
        told = command(other, path)
        assert told.code == 0, told.err
        assert "Robustness, 4 variations:" in told.out
    # A folder with one record holds one still.
    values = json.loads(command("robustness", path.parent, "--only", "weighting", "--json").out)
    assert values["variations"][0]["name"] == "squared mass"
    assert values["pair"] == "small"
    found = mechshift.robustness(path, kinds={"weighting"})
    assert [one.name for one in found.variations] == [one["name"] for one in values["variations"]]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--only", "budgets"), 2, "unknown kind of variation 'budgets'\ndid you mean budget"),
        (("--protocol", "v2"), 2, "--protocol is of a pair, and a record was named"),
        (("--pair", "tiny"), 2, "--pair is of a pair, and a record was named"),
        (("--dry-run",), 2, "--dry-run is of a pair, and a record was named"),
    ],
)
def test_what_does_not_go_together_is_refused(
    options: tuple[str, ...], code: int, said: str, command: Command, path: Path
) -> None:
    done = command("robustness", path, *options)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert not robustness_path(path).exists()


def test_a_file_that_is_not_there_is_no_pair(command: Command, tmp_path: Path) -> None:
    done = command("robustness", tmp_path / "none.json")
    assert (done.code, done.out) == (3, "")
    assert "there is no file" in done.err


def test_a_pair_that_is_not_known_is_refused(command: Command) -> None:
    done = command("robustness", "tinny")
    assert (done.code, done.out) == (2, "")
    assert "tiny" in done.err
    done = command("robustness", "tiny", "--pair", "tiny")
    assert done.code == 2
    assert "tiny and --pair both name a pair" in done.err


def test_a_record_with_a_protocol_is_refused_in_python(path: Path) -> None:
    with pytest.raises(UsageError, match="were given with the record"):
        mechshift.robustness(path, protocol="quick")
