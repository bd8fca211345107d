"""Imports go down the floors of docs/architecture.md, and the ground and the tables need no torch."""

import ast
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"][
    "package-dir"
]

FLOORS = (
    ("errors",),
    ("files", "drawing"),
    ("tasks", "metrics"),
    ("benchmark.record",),
    ("benchmark.pairs",),
    ("benchmark.circuits",),
    ("benchmark.asking",),
    ("benchmark.admission", "benchmark.measure", "baselines.training"),
    ("benchmark.compare", "benchmark.interchange"),
    ("benchmark.run", "benchmark.forecast"),
    ("benchmark.tables",),
    ("benchmark.board", "baselines.report"),
    ("benchmark.cli", "api"),
    ("__main__", ""),
)
"""From the ground up; modules of one entry may import each other, those of one floor may not."""

TORCH = {"torch", "transformers"}


def sources() -> dict[str, Path]:
    """Every module of the package by its name below `mechshift`, "" for the package itself."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            inner = parts[:-1] if parts[-1] == "__init__" else parts
            found[".".join((*package.split(".")[1:], *inner))] = path
    return found


MODULES = sources()


def imports(name: str, lazy: bool = True) -> Iterator[str]:
    """What a module imports: ours by their names below `mechshift`, others as written.

    Those that only a type checker reads are left out, without `lazy` also those inside functions.
    """
    pending: list[ast.AST] = [ast.parse(MODULES[name].read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
        elif isinstance(node, ast.FunctionDef) and not lazy:
            continue
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from imported_from(name, node)
        else:
            pending += ast.iter_child_nodes(node)


def imported_from(name: str, node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    if not node.level:
        yield module
        return
    package = name.split(".") if name else []
    if MODULES[name].name != "__init__.py":
        package = package[:-1]
    inside = package[: len(package) - (node.level - 1)]
    base = ".".join([*inside, *([module] if module else [])])
    for alias in node.names:
        full = f"{base}.{alias.name}".lstrip(".")
        yield full if full in MODULES else base


def entry_of(name: str) -> tuple[int, str] | None:
    """Floor and entry of a module; None for the empty packages above them."""
    for floor, entries in enumerate(FLOORS):
        for entry in entries:
            if name == entry or (entry and name.startswith(f"{entry}.")):
                return floor, entry
    return None


def everything_behind(name: str) -> set[str]:
    """All that importing a module imports, the packages on the way included."""
    seen: set[str] = set()
    pending = {name}
    while pending:
        module = pending.pop()
        seen.add(module)
        found = set(imports(module, lazy=False)) if module in MODULES else set()
        if module in MODULES and "." in module:
            found.add(module.rpartition(".")[0])
        pending |= found - seen
    return seen


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
        "benchmark.tables",
        "benchmark.board",
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


def test_inside_the_package_imports_are_relative() -> None:
    absolute = [
        f"{name} → {other}"
        for name in MODULES
        for other in imports(name)
        if other.split(".")[0] == "mechshift"
    ]
    assert absolute == []
