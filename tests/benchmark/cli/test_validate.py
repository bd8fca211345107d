"""The command `mechshift validate`, and how findings are told: on stdout, in files, to GitHub."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import mechshift
from build.submissions import SMALL, write_submission
from mechshift.benchmark.record import protocol

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_submission(tmp_path_factory.mktemp("made"))


@pytest.fixture(autouse=True)
def _small_v1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def faulty(made: Path) -> Iterator[Path]:
    """The submission with a card that is not filled in."""
    card = made / "card.toml"
    text = card.read_text()
    card.write_text(text.replace("Ada Lovelace", "FILL IN"))
    yield made
    card.write_text(text)


@pytest.fixture
def v1_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    # `command` makes the protocol `quick` a small one, and with it puts back v2.
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    return command


def test_a_valid_submission(v1_command: Command, made: Path) -> None:
    done = v1_command("validate", made)
    assert (done.code, done.out, done.err) == (0, f"nothing was found wrong in {made}\n", "")
    assert v1_command("validate", made, "--json").out == "[]\n"
    assert mechshift.validate(str(made)) == ()


@pytest.mark.parametrize("there", [(), ("notes.md",), ("tiny-v2.json", "cells")])
def test_a_folder_of_other_things_is_no_submission(
    v1_command: Command, there: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    for name in there:
        (tmp_path / "other" / name).mkdir()
    done = v1_command("validate", tmp_path / "other")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"mechshift: {tmp_path}/other is neither a submission nor a board\n")


def test_findings_in_every_form(v1_command: Command, faulty: Path, tmp_path: Path) -> None:
    reports = [tmp_path / name for name in ("a.xml", "b.json", "c.md")]
    done = v1_command("validate", faulty, *(word for path in reports for word in ("--report", path)))
    assert done.code == 1
    assert done.out.splitlines() == [
        "card: card.toml: authors.0: still to be filled in",
        "  edit card.toml",
        f"1 finding in {faulty}",
    ]
    (finding,) = mechshift.validate(faulty)
    assert finding == mechshift.Finding(
        "card", "card.toml", "authors.0: still to be filled in", "edit card.toml"
    )
    (suite,) = ElementTree.parse(reports[0]).getroot()
    assert suite.get("failures") == "1"
    assert "numbers" in [case.get("name") for case in suite]
    (written,) = json.loads(reports[1].read_text())
    assert written["check"] == "card"
    assert "One problem was found." in reports[2].read_text()
    assert json.loads(v1_command("validate", faulty, "--json").out) == [written]


def test_github_is_told_without_being_asked(
    v1_command: Command, faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(faulty.parent.resolve()))
    done = v1_command("validate", faulty, "--json")
    assert done.code == 1
    assert len(json.loads(done.out)) == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"::error title=card,file={faulty.name}/card.toml::card.toml: ")
    text = summary.read_text()
    assert text.startswith("before\n### mechshift: ")
    assert "One problem was found." in text


def test_a_summary_that_cannot_be_written(
    v1_command: Command, faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    done = v1_command("validate", faulty)
    assert done.code == 3
    assert "unset GITHUB_STEP_SUMMARY" in done.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere"], 2, "there is no nowhere"),
        (["text.txt"], 3, "neither a folder nor a whole zip archive"),
        (["text.txt", "--report", "findings.pdf"], 2, "end it in .xml, .json, .md"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_checked(v1_command: Command, words: list[str], code: int, told: str) -> None:
    Path("text.txt").write_text("hello" * 9)
    done = v1_command("validate", *words)
    assert done.code == code
    assert told in done.err


def test_other_protocols_where_they_are_asked_for(
    v1_command: Command, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**protocol._PROTOCOLS, "v2": SMALL.changed(board=False)}
    monkeypatch.setattr(protocol, "_PROTOCOLS", own)
    done = v1_command("validate", made)
    assert "protocol: record.json: it has protocol v2, which no board takes" in done.out


def test_it_takes_no_torch(made: Path) -> None:
    # Whether a task's prompts use one circuit is computed again from its cells, which takes scipy. Nothing
    # takes it before that, and nothing takes what models, data frames and plots need.
    program = (
        "import sys; sys.path.insert(0, sys.argv[2]); from build.submissions import SMALL\n"
        "models = {'torch', 'transformers', 'tokenizers', 'datasets', 'huggingface_hub', 'matplotlib'}\n"
        "never = models | {'pandas', 'pyarrow', 'sklearn'}\n"
        "from mechshift.benchmark.record import protocol; protocol._PROTOCOLS['v2'] = SMALL\n"
        "import mechshift, mechshift.benchmark.board.validation, mechshift.benchmark.validation.validate\n"
        "before = (never | {'scipy'}) & sys.modules.keys()\n"
        "print(mechshift.validate(sys.argv[1]))\n"
        "print(sorted(before), sorted(never & sys.modules.keys()))"
    )
    tests = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, made, tests]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "()\n[] []\n"


def test_an_attestation_is_refused_before_the_work(command: Command, tmp_path: Path) -> None:
    given = ("validate", tmp_path, "--rerun", 1, "--attest", tmp_path)
    seeded = command(*given, "--by", "Grace", "--seed", 0)
    assert (seeded.code, "--seed could be known beforehand" in seeded.err) == (2, True)
    nameless = command(*given, "--by", "")
    assert (nameless.code, "is no name of who attests" in nameless.err) == (2, True)
