"""What imports what, read from the source: `python docs/structure.py` writes it into docs/architecture.md.

The floors are those of docs/floors.toml, and tests/test_floors.py holds the source against them with the
functions below. Nothing is imported. Modules go by their names below `mechshift`, "" for the package itself.
"""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from picture import draw

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "images" / "structure.svg"
BEGIN = "<!-- Written by `python docs/structure.py`; do not edit. -->\n"
END = "<!-- End of what is written by `python docs/structure.py`. -->\n"


def read_toml(name: str) -> dict[str, Any]:
    """A TOML file of the repository."""
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


FOLDERS: dict[str, str] = read_toml("pyproject.toml")["tool"]["setuptools"]["package-dir"]
FLOORS: tuple[dict[str, str], ...] = tuple(floor["rooms"] for floor in read_toml("docs/floors.toml")["floor"])
"""From the ground up, rooms with a line on each. Rooms of one floor may not import each other."""


def sources() -> dict[str, Path]:
    """Every module of the package, and the file that it is in."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            inner = parts[:-1] if parts[-1] == "__init__" else parts
            found[".".join((*package.split(".")[1:], *inner))] = path
    return found


MODULES = sources()


@cache
def tree(name: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def imports(name: str, lazy: bool = True) -> Iterator[str]:
    """What a module imports: ours by their names below `mechshift`, others as written.

    Those that only a type checker reads are left out, without `lazy` also those inside functions.
    """
    pending: list[ast.AST] = [tree(name)]
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
    """What one `from … import …` in a module imports."""
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
    """Floor and room of a module; None for the empty packages above them."""
    for floor, rooms in enumerate(FLOORS):
        for room in rooms:
            if name == room or (room and name.startswith(f"{room}.")):
                return floor, room
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


def arrows() -> set[tuple[str, str]]:
    """Pairs of rooms: some module of the first imports one of the second."""
    found = set()
    for name in MODULES:
        here = entry_of(name)
        for other in imports(name):
            there = entry_of(other) if other in MODULES else None
            if here and there and here[1] != there[1]:
                found.add((here[1], there[1]))
    return found


def without_implied(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that do not follow from others: a picture of all of them could not be read."""
    below: dict[str, set[str]] = {}
    for floor in FLOORS:
        for room in floor:
            direct = {b for a, b in pairs if a == room}
            below[room] = direct.union(*(below.get(b, set()) for b in direct))
    return {(a, b) for a, b in pairs if not any(x == a and b in below.get(y, ()) for x, y in pairs)}


def label(room: str) -> str:
    """How a room is called on the page."""
    return room.removeprefix("benchmark.") or "mechshift"


def folder(room: str) -> str:
    """The file or folder of a room, from the root of the repository."""
    path = MODULES[room].relative_to(ROOT)
    return f"{path.parent}/" if path.name == "__init__.py" and room else str(path)


def page_part() -> str:
    """The part of docs/architecture.md that is written: counts, picture and table."""
    everything = arrows()
    drawn = without_implied(everything)
    rooms = [(height, room) for height, floor in enumerate(FLOORS) for room in floor]
    floors = len(FLOORS)
    lines = [
        f"There are {len(rooms)} rooms on {floors} floors. {len(everything)} arrows lead from a room to one",
        f"that it imports. The picture leaves out those that follow from others, and draws {len(drawn)}.",
        "",
        "![Rooms on their floors, and what imports what](images/structure.svg)",
        "",
        "| floor | room | for | imports |",
        "|---|---|---|---|",
    ]
    for height, room in reversed(rooms):
        known = [other for _, other in reversed(rooms) if (room, other) in everything]
        names = ", ".join(f"`{label(other)}`" for other in known) or "–"
        lines.append(f"| {height} | `{folder(room)}` | {FLOORS[height][room]} | {names} |")
    return "\n".join(lines) + "\n"


def picture() -> str:
    """The picture as SVG."""
    boxes = [[(room, label(room), folder(room)) for room in floor] for floor in FLOORS]
    return draw(boxes, sorted(without_implied(arrows())))


def page() -> str:
    """docs/architecture.md with its written part as it has to be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + page_part() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
