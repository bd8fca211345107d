"""What the pages show works: commands and Python run, links lead somewhere, names and values are right.

The blocks of a page run in order in one folder. Protocols are made small, because what is tested is that
commands work, and not their numbers; a user's own checkpoints are those of `tiny`; hub ids are declared and
not fetched.
"""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from build.checkpoints import in_single_precision
from mechshift.api import RESULTS
from mechshift.benchmark.cli import main as cli
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.benchmark.record import protocol
from mechshift.benchmark.record.protocol import Part, list_protocols
from mechshift.tasks import get_suite, get_task

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

SMALL: dict[str, Any] = {
    "pool": 12,
    "minimum": 4,
    "candidates": 4,
    "beside_examples": 4,
    "swept": 4,
    "steps": 1,
    "convergence": 8,
    "most": 10,
    "grid": (0.001, 0.1, 1.0),
    "resamples": 10,
    "splits": 2,
    "crossed": 4,
    "shuffled": 4,
    "shuffled_examples": 2,
    "ablated": 2,
    "ablated_neurons": 2,
    "random_sets": 2,
}
"""Every number by which protocols differ, so that they share the cells of models."""
POOLS = {"publishing.md": 120}
"""Of pages on which a value has to be clear of the noise of the prompts."""
LEAN = {"pairs.md": {"beside": (), "neurons": False, "ablating": None}}
"""Of pages that show many runs and nothing that they find: parts of a protocol that are left out."""
WHOLE = ("greater-than", "star-path")
"""Tasks of a whole run, one of each suite, where a page names none of that suite: as good as ten."""
SHELLS = ("console", "sh")
SHELL = ("mkdir", "cp")
NOT_RUN = ("pip install", "tox", "git clone", "cd ", "hf download")
"""Installing and fetching, and what starts these tests, is not run from within them."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `title` names the file that it shows, empty where it is none."""

    language: str
    text: str
    title: str


def blocks(page: Path) -> list[Block]:
    fences = re.findall(
        r'^```(\w+)(?: title="([^"\n]*)")?[^\n]*\n(.*?)^```$', page.read_text(encoding="utf-8"), re.M | re.S
    )
    return [Block(language, text, title) for language, title, text in fences]


def is_named(task: str, page: Path) -> bool:
    run = [block.text for block in blocks(page) if block.language == "python"]
    run += [command for block in blocks(page) if block.language in SHELLS for command in commands(block)]
    return any(re.search(rf"(?<![\w-]){task}(?![\w-])", text) for text in run)


def tasks_of(page: Path, among: Sequence[str]) -> set[str]:
    """The tasks that a whole run on this page has: those that it names, and at least one of each suite."""
    named = {name for name in among if is_named(name, page)}
    suites = {get_task(name).card.suite for name in named}
    return named | {name for name in WHOLE if get_task(name).card.suite not in suites}


def commands(block: Block) -> Iterator[str]:
    """The commands of a block: lines after `$ ` where there are any, else all; continued lines joined."""
    lines = block.text.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in prompted or lines:
        for command in re.split(r"\s+&&\s+", line.partition("  #")[0].strip()):
            if command and not command.startswith("#"):
                yield command


def run_block(block: Block, names: dict[str, Any]) -> None:
    if block.language == "python":
        exec(compile(block.text, "block", "exec"), names)
    elif block.title:
        Path(block.title).write_text(block.text, encoding="utf-8")
    elif block.language in SHELLS:
        for command in commands(block):
            run_command(command)


def run_command(command: str) -> None:
    words = shlex.split(command)
    if words[0] == "mechshift":
        run_mechshift(words[1:])
    elif words[:2] == ["python", "-m"]:
        find_program(words[2])
    elif words[0] in SHELL:
        subprocess.run(words, check=True)
    else:
        assert command.startswith(NOT_RUN), f"a page shows a command that no test covers: {command}"


@cache
def find_program(name: str) -> None:
    """A module that is run as a program starts; once, however many pages show it."""
    subprocess.run([sys.executable, "-m", name, "--help"], check=True, capture_output=True)


def run_mechshift(words: list[str]) -> None:
    group: Any = typer.main.get_command(cli.app)
    if words[0] == "run":
        options = group.commands["run"].make_context("run", list(words[1:])).params
        if on_hub(options["arm"]) or on_hub(options["mdm"]):
            resolve(options)
            return
        if options["pair"] is not None and on_hub(get_pair(options["pair"]).mdm.checkpoint):
            return
    group.main(args=words, standalone_mode=False)


def on_hub(checkpoint: str | None) -> bool:
    return checkpoint is not None and not Path(checkpoint).is_dir()


def resolve(options: dict[str, Any]) -> None:
    """All that a run looks up before it fetches a checkpoint."""
    protocol.get_protocol(options["protocol"])
    chosen = [get_task(name) for name in options["task"] or ()] or get_suite(options["suite"] or "all")
    for task in chosen:
        task.level(options["level"])
    names = "arm", "mdm", "shift", "attention", "mask_token", "revision", "arm_revision"
    declare_pair(**{name: options[name] for name in names})


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages' runs keep their cells, so that what one has computed the next need not."""
    return tmp_path_factory.mktemp("cells")


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's checkpoints."""
    place, tiny = tmp_path_factory.mktemp("checkpoints"), get_pair("tiny")
    further = get_pair("tiny-continued").mdm
    for name, member in (("arm", tiny.arm), ("mdm", tiny.mdm), ("continued", further)):
        in_single_precision(Path(member.checkpoint), place / name)
    return place


@pytest.fixture
def folder(tmp_path: Path, cells: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a user's checkpoints, no record of theirs, and small protocols."""
    monkeypatch.chdir(tmp_path)
    RESULTS.mkdir()
    (RESULTS / "cells").symlink_to(cells)
    (tmp_path / "checkpoints").symlink_to(checkpoints)
    # Who follows the README has a clone at hand.
    (tmp_path / "baselines").symlink_to(ROOT / "baselines")
    for each in list_protocols():
        monkeypatch.setitem(protocol._PROTOCOLS, each.name, each.changed(**SMALL))
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
@pytest.mark.usefixtures("folder")
def test_what_a_page_shows_runs(
    page: Path, monkeypatch: pytest.MonkeyPatch, observed_once: Callable[[], None]
) -> None:
    observed_once()
    for each in list_protocols():
        chosen = tasks_of(page, [task.name for task in each.tasks])
        changed = each.changed(
            pool=POOLS.get(page.name, each.sampling.pool),
            tasks=tuple(task for task in each.tasks if task.name in chosen),
            **LEAN.get(page.name, {}),
        )
        monkeypatch.setitem(protocol._PROTOCOLS, each.name, changed)
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        run_block(block, names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_fences_name_their_language(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), re.M)
    assert all(fences[0::2])
    assert not any(fences[1::2])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        other = (page.parent / path).resolve() if path else page
        if not other.exists() or (anchor and anchor not in anchors(other)):
            dead.append(target)
    assert dead == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_exist(page: Path) -> None:
    names = re.findall(r"`(mechshift(?:\.\w+)+)", page.read_text(encoding="utf-8"))
    assert [name for name in names if not exists(name)] == []


def test_the_site_has_every_page(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "assemble.py", tmp_path], check=True)
    pages = {path.relative_to(tmp_path / "pages").as_posix() for path in (tmp_path / "pages").rglob("*.md")}
    named = re.findall(r"^ +- [^:]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(named) == sorted(pages)


def test_a_link_to_the_code_is_plain_text_on_the_site(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "assemble.py", tmp_path], check=True)
    home = (tmp_path / "pages" / "index.md").read_text(encoding="utf-8")
    assert "](CITATION.cff)" not in home
    assert "](pairs.md" in home
    assert "](images/" in home


def exists(name: str) -> bool:
    found: object = importlib.import_module("mechshift")
    path = ["mechshift"]
    for part in name.split(".")[1:]:
        path.append(part)
        if not hasattr(found, part) and isinstance(found, ModuleType):
            try:
                importlib.import_module(".".join(path))
            except ModuleNotFoundError:
                return False
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_have_these_options(page: Path) -> None:
    group: Any = typer.main.get_command(cli.app)
    unknown = []
    for shown in re.findall(r"`mechshift ([^-`][^`]*)`", page.read_text(encoding="utf-8")):
        name, *words = shown.split()
        command = group.commands[name]
        if words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words[0]]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        unknown += [word for word in words if word.startswith("--") and word not in known]
    assert unknown == []


def cell(value: object) -> str:
    """A protocol's value as its page writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and all(isinstance(each, str) for each in value):
        return ", ".join(value) or "–"
    if isinstance(value, tuple):
        return " ".join(f"{share:g}".removeprefix("0") for share in value)
    return "–" if value is None else str(value)


def table(first: str) -> tuple[list[str], dict[str, list[str]]]:
    """Columns of the table on the protocols' page that has this one; its rows by their cells there."""
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    for lines in re.findall(r"(?:^\|.*\n)+", text, re.M):
        parts = [[part.strip(" `") for part in line.split("|")[1:-1]] for line in lines.splitlines()]
        if first in parts[0]:
            at = parts[0].index(first)
            return parts[0], {row[at]: row for row in parts[2:]}
    raise AssertionError(f"no table has a column {first}")


def test_every_field_of_every_protocol_is_on_the_page() -> None:
    header, rows = table("field")
    protocols = {each.name: each for each in list_protocols()}
    for name, asked in protocols.items():
        shown = {field: row[header.index(name)] for field, row in rows.items()}
        assert shown == {field: cell(value) for field, value in asked.settings() if field != "name"}


def test_every_part_of_a_protocol_is_on_the_page() -> None:
    header, rows = table("field")
    (protocol, *_) = list_protocols()
    for part, value in protocol:
        if isinstance(value, Part):
            found = {field for field, row in rows.items() if row[header.index("part")] == part}
            assert found == set(type(value).model_fields)


def test_every_task_of_every_protocol_is_on_the_page() -> None:
    header, rows = table("task")
    for each in list_protocols():
        shown = {task: row[header.index(each.name)].replace("`", "") for task, row in rows.items()}
        asked = {one.name: f"{one.level}, {one.version}" for one in each.tasks}
        assert {task: cell for task, cell in shown.items() if cell != "–"} == asked


def test_every_call_on_the_way_of_a_number_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("\n## How a number is computed\n")[2].partition("\n## ")[0]
    called = set(re.findall(r"`(?:\w+\.)?(\w+)\(", section))
    types = set(re.findall(r"`([A-Z]\w+)`", section))
    defined = {
        node.name
        for room in ("tasks", "benchmark")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert called
    assert types
    assert (called | types) - defined == set()
