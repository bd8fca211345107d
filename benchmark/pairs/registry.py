"""The pairs that can be run by name, from `baselines/pairs.toml`."""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from ...errors import PairError, unknown
from .spec import MemberSpec, PairSpec, declare_pair

CHECKOUT = Path("baselines")
"""Where a checkout of the repository, entered, has what an installation leaves out."""


@dataclass(frozen=True)
class Listed:
    """A named pair: what is declared about it, and what it is, in a line."""

    spec: PairSpec
    about: str


@cache
def list_pairs() -> dict[str, Listed]:
    """The named pairs, in the order of the file."""
    folder = _folder()
    entries = tomllib.loads((folder / "pairs.toml").read_text(encoding="utf-8"))
    return {name: _listed(name, entry, folder) for name, entry in entries.items()}


def get_pair(name: str) -> PairSpec:
    """The declaration of a named pair, its weights found in the installation or in an entered checkout.

    Raises UsageError, with near names, for an unknown one, and PairError where the weights are in neither.
    """
    pairs = list_pairs()
    if name not in pairs:
        raise unknown("pair", name, pairs)
    spec = pairs[name].spec
    return replace(spec, arm=_found(spec.arm, name), mdm=_found(spec.mdm, name))


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
        control=bool(entry.get("control", False)),
        name=name,
    )
    return Listed(spec, str(entry["about"]))


def _found(member: MemberSpec, name: str) -> MemberSpec:
    """The member where its weights are; a hub id stays as it is."""
    path, folder = Path(member.checkpoint), _folder()
    if not path.is_absolute() or path.is_dir():
        return member
    elsewhere = CHECKOUT.resolve() / path.relative_to(folder)
    if elsewhere.is_dir():
        return replace(member, checkpoint=str(elsewhere))
    raise PairError(
        f"the weights of pair {name} are not part of this installation",
        "run the command in a checkout that has them, or train the pair: "
        f"python -m mechshift.baselines.training {name} --out FOLDER",
    )


def _folder() -> Path:
    return Path(str(files("mechshift.baselines")))


def _place(member: dict[str, str], folder: Path) -> str:
    return str(folder / member["path"]) if "path" in member else member["hub"]
