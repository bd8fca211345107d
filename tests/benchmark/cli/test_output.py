"""What strangers write into names and texts is no command to the CI service in whose log it is printed."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.records import a_pair, a_record
from mechshift.benchmark.cli.output import print_json
from mechshift.benchmark.record.files import write_model

Command = Callable[..., Any]

HOSTILE = "x\n::stop-commands::pwned\n##[error]y"
EXPORT = ("--to", "hub", "--dataset", "a/b", "-o", "out")
COMMANDS = {
    "check": ("check", "evil.json", "--against", "good.json"),
    "check against it": ("check", "good.json", "--against", "evil.json"),
    "compare": ("compare", "good.json", "evil.json"),
    "export": ("export", "evil.json", *EXPORT),
    "leaderboard": ("leaderboard", "."),
    "leaderboard of anything": ("leaderboard", ".", "--unofficial"),
    "show": ("show", "evil.json"),
    "show as JSON": ("show", "evil.json", "--json"),
    "rescore": ("rescore", "evil.json"),
    "validate": ("validate", "evil"),
    "submit": ("submit", "evil.json", "--out", "board"),
}


def no_field(path: Path) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, HOSTILE: 1}))


def name(path: Path) -> None:
    write_model(a_record(pair=a_pair(HOSTILE)), path)


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("spoil", [no_field, name])
def test_a_name_of_several_lines_gives_no_command(
    spoil: Callable[[Path], None], arguments: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    for each in ("good.json", "evil.json", "evil/record.json"):
        (tmp_path / each).parent.mkdir(exist_ok=True)
        write_model(a_record(), tmp_path / each)
    spoil(tmp_path / "evil.json")
    spoil(tmp_path / "evil/record.json")
    done = command(*arguments)
    assert "Traceback" not in done.err
    assert not re.search(r"^\s*::|##\[", done.out + done.err, re.MULTILINE)


def test_json_says_the_same_without_a_command_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{HOSTILE: HOSTILE}])
    out = capsys.readouterr().out
    assert "##[" not in out
    assert json.loads(out) == [{HOSTILE: HOSTILE}]
