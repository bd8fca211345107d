"""`mechshift run --scores` and `--selection`: what they change, forecast and refuse."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


def test_method_and_selection_are_in_the_name_of_the_protocol(command: Command) -> None:
    options = ("--scores", "gim", "--selection", "frequent", "--seed", "2")
    done = command("run", "--task", "ioi", *options, "--dry-run", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert found["protocol"] == "quick-gim-frequent-seed-2"
    assert found["patched_runs"] == 0


def test_the_protocols_own_method_is_the_protocol_itself(command: Command) -> None:
    options = ("--scores", "eap-ig", "--selection", "absolute")
    done = command("run", "--task", "ioi", *options, "--dry-run", "--json")
    assert json.loads(done.out)["protocol"] == "quick"


def test_a_forecast_of_exact_patching_says_how_many_runs_it_takes(command: Command) -> None:
    """One for each edge and each row that is scored, which is many more passes than one gradient takes."""
    exact, one = (
        json.loads(command("run", "--task", "ioi", "--scores", method, "--dry-run", "--json").out)
        for method in ("exact", "eap")
    )
    (task,) = exact["tasks"]
    rows = sum(task["stages"]["attribution"][role]["rows"] for role in ("arm", "mdm"))
    assert exact["patched_runs"] >= 3628 * rows
    assert exact["patched_runs"] % 3628 == 0
    flop = [
        sum(found["tasks"][0]["stages"]["attribution"][role]["flop"] for role in ("arm", "mdm"))
        for found in (exact, one)
    ]
    assert flop[0] > 300 * flop[1]
    text = command("run", "--task", "ioi", "--scores", "exact", "--dry-run").out
    assert f"exact patching: {exact['patched_runs']:,} runs of a prompt, one for each of 3,628 edges" in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--scores", "gimm"), "unknown method of scoring edges 'gimm'\ndid you mean gim"),
        (("--selection", "zzzz"), "unknown selection of edges 'zzzz'\nknown: absolute"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_what_is_not_known_is_refused_before_anything_is_loaded(
    options: tuple[str, ...], told: str, dry: bool, command: Command, tmp_path: Path
) -> None:
    done = command("run", "--task", "ioi", *options, *(["--dry-run"] if dry else []))
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert not list(tmp_path.iterdir())


def test_a_run_by_another_method_is_shown_and_checked(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--scores", "relp", "--selection", "positive", "--out", tmp_path / "out")
    done = command("run", "--task", "greater-than", *options)
    assert (done.code, done.err) == (0, "")
    (record,) = (tmp_path / "out").glob("tiny-quick-relp-positive-*.json")
    assert "quick-relp-positive" in done.out
    for asked in (("show", record), ("rescore", record), ("show", record, "--html", tmp_path / "page.html")):
        again = command(*asked)
        assert again.code == 0, again.err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "quick-relp-positive" in page
    assert "--scores relp --selection positive" in page
    # Of several processes that a launcher has started, all write the record and the first one prints it.
    for rank, printed in (("1", ""), ("0", done.out)):
        monkeypatch.setenv("RANK", rank)
        before = record.read_bytes()
        record.unlink()
        again = command("run", "--task", "greater-than", *options)
        assert (again.code, again.out, again.err) == (0, printed, "")
        assert record.read_bytes() == before


def test_a_launcher_that_makes_no_sense_is_refused(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "first")
    done = command("run", "--task", "ioi", "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert "the environment variable RANK is 'first', and should be a number" in done.err
    assert not list(tmp_path.iterdir())
