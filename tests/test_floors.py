"""Imports go down the floors of docs/floors.toml, the ground needs no torch, and names are of one thing."""

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from graphlib import TopologicalSorter
from itertools import product

import pytest
import structure
from structure import FLOORS, MODULES, entry_of, everything_behind, imports

TORCH = {"torch", "transformers"}

DECLARING = ("attention", "entry", "options", "registry", "spec", "words")
"""Modules of `benchmark.pairs` in which a pair is declared and nothing is loaded."""


def test_every_module_has_a_floor() -> None:
    empty = {"benchmark", "baselines"}
    assert {name for name in MODULES if entry_of(name) is None} == empty
    assert [list(imports(name)) for name in empty] == [[], []]


def test_no_import_goes_up() -> None:
    upward = []
    for name in MODULES.keys() - {"benchmark", "baselines"}:
        floor, entry = entry_of(name) or (-1, "")
        for other in imports(name):
            target = entry_of(other) if other in MODULES else None
            if target is not None and target[1] != entry and target[0] >= floor:
                upward.append(f"{name} → {other}")
    assert upward == []


def test_the_page_shows_the_structure_as_it_is() -> None:
    stale = "docs/architecture.md is stale: run `python docs/structure.py`"
    assert structure.PAGE.read_text(encoding="utf-8") == structure.page(), stale
    assert structure.PICTURE.read_text(encoding="utf-8") == structure.picture(), stale


def test_a_room_has_one_floor_and_says_what_it_is_for() -> None:
    rooms = [(room, text) for floor in FLOORS for room, text in floor.items()]
    assert len({room for room, _ in rooms}) == len(rooms)
    assert all(text for _, text in rooms)


def test_arrows_that_follow_from_others_are_not_drawn() -> None:
    every = structure.arrows()
    drawn = structure.without_implied(every)
    assert drawn < every
    assert transitive_closure(drawn) == transitive_closure(every)
    for arrow in drawn:
        assert arrow not in transitive_closure(drawn - {arrow})


def transitive_closure(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    closed = set(pairs)
    while more := {(a, d) for (a, b), (c, d) in product(closed, closed) if b == c} - closed:
        closed |= more
    return closed


def test_no_import_goes_in_a_circle() -> None:
    graph = {name: {other for other in imports(name, lazy=False) if other in MODULES} for name in MODULES}
    assert set(TopologicalSorter(graph).static_order()) == set(MODULES)


@pytest.mark.parametrize(("room", "allowed"), [("tasks", {"errors", "files"}), ("metrics", set())])
def test_the_ground_imports_nothing_else_of_ours(room: str, allowed: set[str]) -> None:
    inside = [name for name in MODULES if name.split(".")[0] == room]
    ours = {other for name in inside for other in imports(name) if other in MODULES}
    assert {other for other in ours if other.split(".")[0] != room} <= allowed


@pytest.mark.parametrize(
    "room",
    [
        "tasks",
        "metrics",
        "benchmark.record",
        *(f"benchmark.pairs.{name}" for name in DECLARING),
        "benchmark.tables",
        "benchmark.plots",
        "benchmark.board",
        "benchmark.pages",
        "benchmark.publishing",
        "benchmark.cli",
        "baselines.report",
        "",
    ],
)
def test_starting_and_tables_need_no_torch(room: str) -> None:
    inside = [name for name in MODULES if name == room or (room and name.startswith(f"{room}."))]
    heavy = {
        f"{name} → {module}"
        for name in inside
        for module in everything_behind(name)
        if module.split(".")[0] in TORCH
    }
    assert inside
    assert heavy == set()


def test_a_listed_pair_is_declared_without_torch() -> None:
    # A process of its own: here torch has been imported by other tests.
    program = (
        "import sys; from mechshift.benchmark.pairs.options import PairOptions, resolve; "
        "from mechshift.benchmark.pairs.registry import list_pairs; "
        "assert str(resolve(PairOptions(pair='dream-7b')).mdm.attention) == 'full'; "
        "assert len(list_pairs()) > 9; "
        "print(sorted({'torch', 'transformers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_inside_the_package_imports_are_relative() -> None:
    absolute = [
        f"{name} → {other}"
        for name in MODULES
        for other in imports(name)
        if other.split(".")[0] == "mechshift"
    ]
    assert absolute == []


def defined(source: str) -> list[str]:
    """The classes of a module, and the types that it gives a name of their own; private ones left out."""
    found = []
    for each in ast.parse(source).body:
        if isinstance(each, ast.ClassDef):
            found.append(each.name)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return [each for each in found if each[0].isupper() and not each.isupper()]


def defined_again(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Of every name that a type has twice, the modules that give it."""
    modules: dict[str, list[str]] = defaultdict(list)
    for name, source in sources.items():
        for each in defined(source):
            modules[each].append(name)
    return {each: there for each, there in modules.items() if len(there) > 1}


def test_a_type_has_a_name_of_its_own() -> None:
    """What a reader meets under one name is one thing, in whichever module; also under a name for a type."""
    sources = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    assert sum(len(defined(source)) for source in sources.values()) > 100
    assert defined_again(sources) == {}


def test_two_types_of_one_name_are_found_in_one_room_too() -> None:
    sources = {
        "benchmark.run.one": "Slot = tuple[str, str]\nP: TypeAlias = str\n_Own = int",
        "benchmark.run.two": "class Slot: ...\nLIMIT = 3\n_Own = str",
        "benchmark.run.three": "LIMIT = 4\nTwice = int\nTwice: TypeAlias = str",
    }
    assert defined_again(sources) == {
        "Slot": ["benchmark.run.one", "benchmark.run.two"],
        "Twice": ["benchmark.run.three"] * 2,
    }


def test_no_class_is_defined_twice() -> None:
    classes = Counter(
        each.name
        for path in MODULES.values()
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(each, ast.ClassDef) and not each.name.startswith("_")
    )
    assert len(classes) > 100
    assert [name for name, times in classes.items() if times > 1] == []
