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
    return _found(pairs[name].spec)


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


def _found(spec: PairSpec) -> PairSpec:
    """The pair with both members in the one place that has them; hub ids stay as they are."""
    installed = _folder()
    for place in (installed, CHECKOUT.resolve()):
        members = [_moved(member, installed, place) for member in (spec.arm, spec.mdm)]
        if all(map(_is_there, members)):
            return replace(spec, arm=members[0], mdm=members[1])
    raise PairError(
        f"the weights of pair {spec.name} are not part of this installation",
        "run the command in a checkout that has them, or train the pair: "
        f"python -m mechshift.baselines.training {spec.name} --out FOLDER",
    )


def _moved(member: MemberSpec, here: Path, there: Path) -> MemberSpec:
    path = Path(member.checkpoint)
    return replace(member, checkpoint=str(there / path.relative_to(here))) if path.is_absolute() else member


def _is_there(member: MemberSpec) -> bool:
    path = Path(member.checkpoint)
    return path.is_dir() or not path.is_absolute()


def _folder() -> Path:
    return Path(str(files("mechshift.baselines")))


def _place(member: dict[str, str], folder: Path) -> str:
    return str(folder / member["path"]) if "path" in member else member["hub"]
