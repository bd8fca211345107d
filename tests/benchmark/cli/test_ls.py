"""`mechshift ls`: where the weights of pairs are, and lists as wide as the terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.pairs import registry

Command = Callable[..., Any]


def test_pairs_say_where_their_weights_are(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places = {row["pair"]: row["weights"] for row in json.loads(command("ls", "pairs", "--json").out)}
    assert (places["tiny"], places["dream-7b"]) == ("installed", "on the hub")
    # An installation has three of the reference pairs; this one has none of their folders.
    monkeypatch.setattr(registry, "_is_there", lambda member: member.place == "hub")
    places = {row["pair"]: row["weights"] for row in json.loads(command("ls", "pairs", "--json").out)}
    assert (places["tiny"], places["dream-7b"]) == ("not installed", "on the hub")
    line = next(line for line in command("ls", "pairs").out.splitlines() if line.startswith("tiny-block"))
    assert line.endswith("not installed")


def test_a_pair_of_ones_own_says_where_its_weights_are(command: Command, tmp_path: Path) -> None:
    mdm = 'mdm = {path = "mdm", shift = true, attention = "full"}'
    (tmp_path / "mine.toml").write_text(f'[mine]\nabout = "Mine"\narm.path = "arm"\n{mdm}')
    assert json.loads(command("pair", "show", "mine.toml", "--json").out)["weights"] == "not installed"
    for name in ("arm", "mdm"):
        (tmp_path / name).mkdir()
    assert json.loads(command("pair", "show", "mine.toml", "--json").out)["weights"] == "installed"


@pytest.mark.parametrize("what", ["tasks", "pairs", "protocols", "reported"])
@pytest.mark.parametrize("columns", [70, 80, 120])
def test_lists_fit_the_terminal(
    what: str, columns: int, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    done = command("ls", what)
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= columns


def test_columns_that_do_not_fit_are_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    narrow = command("ls", "pairs").out
    assert "left out at 80 columns: controls, mdm, arm, mask token" in narrow
    monkeypatch.setenv("COLUMNS", "250")
    assert "left out" not in command("ls", "pairs").out
