"""What --help shows: options in groups, and an example that can be typed."""

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer.main

from mechshift.benchmark.cli.main import app
from mechshift.benchmark.cli.options import GROUPS, MACHINE, OUTPUT, PAIR, WORK

Command = Callable[..., Any]
ROOT: Any = typer.main.get_command(app)


def commands(group: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def found(path: tuple[str, ...]) -> Any:
    command = ROOT
    for name in path:
        command = command.commands[name]
    return command


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_a_command_has_an_example_of_itself_with_options_that_there_are(path: tuple[str, ...]) -> None:
    examples = re.findall(r"^ *Example: mechshift (.+)$", found(path).help, re.M)
    assert examples
    known = {option for each in found(path).params for option in (*each.opts, *each.secondary_opts)}
    for words in map(shlex.split, examples):
        assert tuple(words[: len(path)]) == path
        assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_option_is_in_a_group(path: tuple[str, ...]) -> None:
    options = [each for each in found(path).params if each.param_type_name == "option"]
    assert {each.rich_help_panel for each in options} <= set(GROUPS)
    order = [GROUPS.index(each.rich_help_panel) for each in options]
    assert order == sorted(order)


def test_a_run_has_its_groups_in_order(command: Command) -> None:
    shown = command("run", "--help")
    assert (shown.code, shown.err) == (0, "")
    places = [shown.out.index(f"─ {group} ─") for group in (PAIR, WORK, MACHINE, OUTPUT)]
    assert places == sorted(places)
    assert "Example: mechshift run --pair tiny" in shown.out


def test_what_is_run_is_said_where_something_is_run() -> None:
    assert [path for path in commands() if WORK in {each.rich_help_panel for each in found(path).params}] == [
        ("run",),
        ("robustness",),
    ]
