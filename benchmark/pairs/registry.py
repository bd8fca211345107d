"""The pairs that can be run by name, from `baselines/pairs.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from ...errors import unknown
from .spec import PairSpec, declare_pair


@dataclass(frozen=True)
class Listed:
    """A named pair: what is declared about it, and what it is, in a line."""

    spec: PairSpec
    about: str


@cache
def list_pairs() -> dict[str, Listed]:
    """The named pairs, in the order of the file."""
    folder = Path(str(files("mechshift.baselines")))
    entries = tomllib.loads((folder / "pairs.toml").read_text(encoding="utf-8"))
    return {name: _listed(name, entry, folder) for name, entry in entries.items()}


def get_pair(name: str) -> PairSpec:
    """The declaration of a named pair. Raises UsageError, with near names, for an unknown one."""
    pairs = list_pairs()
    if name not in pairs:
        raise unknown("pair", name, pairs)
    return pairs[name].spec


def _listed(name: str, entry: dict[str, object], folder: Path) -> Listed:
    arm, mdm = entry["arm"], entry["mdm"]
    assert isinstance(arm, dict), "pairs.toml is part of the package"
    assert isinstance(mdm, dict), "pairs.toml is part of the package"
    spec = declare_pair(
        _place(arm, folder),
        _place(mdm, folder),
        shift=mdm["shift"],
        attention=mdm["attention"],
        mask_token=mdm.get("mask_token"),
        name=name,
    )
    return Listed(spec, str(entry["about"]))


def _place(member: dict[str, str], folder: Path) -> str:
    return str(folder / member["path"]) if "path" in member else member["hub"]
