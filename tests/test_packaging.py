"""What is installed is what is in the folders: no room left out, no file forgotten, nothing stale."""

import importlib
import subprocess
import sys
import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

import mechshift

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = {
    package.partition(".")[2]: ROOT / folder
    for package, folder in PROJECT["tool"]["setuptools"]["package-dir"].items()
}


INSTALLED_PAIRS = {"tiny", "tiny-continued", "tiny-scratch"}
"""A checkout has the other reference pairs too, the report on them, and their board."""


def in_folders() -> set[PurePosixPath]:
    """Every file of the package, as the path it should have below `mechshift`."""
    found = {
        PurePosixPath(room, path.relative_to(folder).as_posix())
        for room, folder in FOLDERS.items()
        for path in folder.rglob("*")
        if path.is_file() and is_source(path.relative_to(ROOT))
    }
    return {path for path in found if not only_in_a_checkout(path)}


def only_in_a_checkout(path: PurePosixPath) -> bool:
    room, *rest = path.parts
    if room != "baselines":
        return False
    if rest[0] == "reference":
        return rest[1] not in INSTALLED_PAIRS
    return rest[0] in ("report.md", "figures", "board", "structure.json")


def is_source(path: Path) -> bool:
    """False for what Python, an editor or a build leaves beside the sources."""
    return not any(
        part.startswith(".") or part == "__pycache__" or ".egg-info" in part for part in path.parts
    )


def installed(folder: Traversable, below: PurePosixPath) -> set[PurePosixPath]:
    """Every file below the imported package, whichever way it was installed."""
    found: set[PurePosixPath] = set()
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= installed(entry, below / entry.name)
        elif is_source(Path(below, entry.name)):
            found.add(below / entry.name)
    return found


def test_every_package_is_listed() -> None:
    rooms = {path.parent for path in in_folders() if path.name == "__init__.py"}
    expected = {".".join(("mechshift", *room.parts)) for room in rooms}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == expected


def test_every_folder_with_code_is_a_package() -> None:
    code = {path.parent for path in in_folders() if path.suffix == ".py"}
    assert {room for room in code if room / "__init__.py" not in in_folders()} == set()


def test_every_file_is_installed() -> None:
    assert in_folders() - installed(files("mechshift"), PurePosixPath()) == set()


def test_nothing_else_is_installed() -> None:
    assert installed(files("mechshift"), PurePosixPath()) - in_folders() == set(), (
        "stale files: delete the folder build/"
    )


def test_the_tests_do_not_import_the_working_tree() -> None:
    assert not Path(str(mechshift.__file__)).is_relative_to(ROOT / "src")


def test_the_command_is_the_function_it_names() -> None:
    module, _, function = PROJECT["project"]["scripts"]["mechshift"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "mechshift", "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "run" in done.stdout


@pytest.mark.parametrize(
    "module", ["mechshift", "mechshift.tasks", "mechshift.metrics", "mechshift.benchmark.cli.main"]
)
def test_starting_does_not_import_torch(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'torch', 'transformers', 'scipy'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_pin_is_exact_and_without_local_label() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if pin.count("==") != 1 or "+" in pin or " " in pin] == []
