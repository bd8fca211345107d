"""The pairs that can be run by name, from `baselines/pairs.toml`."""

import os
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from ...errors import PairError, UsageError, unknown
from .entry import Listed, read_entries
from .spec import MemberSpec, PairSpec
from .words import Words

CHECKOUT = Path("baselines")
"""Where a checkout of the repository, entered, has what an installation leaves out."""

OWN = re.compile(r"(?P<file>.+\.toml)(:(?P<pair>.+))?")
"""A file of one's own, and of several pairs in it the one that is meant."""


@cache
def list_pairs() -> dict[str, Listed]:
    """The named pairs, in the order of the file."""
    return read_entries(_folder() / "pairs.toml")


def get_pair(name: str, words: Words = Words.PYTHON) -> PairSpec:
    """The declaration of a named pair, its weights found in the installation or in an entered checkout.

    A name that ends with .toml is a file with an entry of one's own, or FILE.toml:NAME where it has several.
    Raises UsageError, with near names and in the words of an interface, for an unknown one, and PairError
    where the weights are in neither.
    """
    listed = get_listed(name, words)
    return listed.spec if OWN.fullmatch(name) else _found(listed)


def get_listed(name: str, words: Words = Words.PYTHON) -> Listed:
    """The entry of a named pair, or of one in a file of one's own; its weights need not be there.

    Raises UsageError, with near names, for an unknown one.
    """
    if own := OWN.fullmatch(name):
        return _own(Path(own["file"]), own["pair"])
    pairs = list_pairs()
    members = f"{words.option('arm')} and {words.option('mdm')}"
    if name not in pairs and name.strip() and os.path.isdir(name):
        raise UsageError(
            f"{name!r} is one directory, and a pair has two checkpoints", f"name both: {members}"
        )
    if name not in pairs and (not name.strip() or "/" in name or os.path.exists(name)):
        raise UsageError(
            f"{name!r} is neither a listed pair nor a .toml file",
            "mechshift ls pairs lists them; a file of pairs ends with .toml, and checkpoints are named by "
            f"{members}",
        )
    if name not in pairs:
        raise unknown("pair", name, pairs)
    return pairs[name]


def get_controls(name: str) -> tuple[str, ...]:
    """The names of a pair's controls, as `get_pair` takes them, the one that it is read beside first.

    Each is of the very same ARM; there is none where the pair's entry names none. Those in a file of one's
    own are named as FILE.toml:CONTROL. Whether their weights are at hand is not looked at. Raises UsageError,
    with near names, for an unknown pair.
    """
    controls = get_listed(name).entry.controls
    own = OWN.fullmatch(name)
    if own is None:
        return controls
    beside = _entries(Path(own["file"]))
    return tuple(f"{own['file']}:{control}" if control in beside else control for control in controls)


def _entries(path: Path) -> dict[str, Listed]:
    return read_entries(path, list_pairs())


def _own(path: Path, wanted: str | None) -> Listed:
    pairs = _entries(path)
    chosen = wanted or next(iter(pairs), "")
    if not pairs:
        raise UsageError(f"{path} has no pair", "write one with mechshift pair new, or see docs/pairs.md")
    if not wanted and len(pairs) > 1:
        raise UsageError(
            f"{path} has {len(pairs)} pairs, and one is to be run",
            f"name it: {path}:NAME, of {', '.join(pairs)}",
        )
    if chosen not in pairs:
        raise unknown(f"pair of {path}", chosen, pairs)
    return pairs[chosen]


def _found(listed: Listed) -> PairSpec:
    """The pair with both members in the one place that has them; hub ids stay as they are."""
    spec = listed.spec
    installed = _folder()
    for place in (installed, CHECKOUT.resolve()):
        members = [_moved(member, installed, place) for member in (spec.arm, spec.mdm)]
        if all(map(_is_there, members)):
            return replace(spec, arm=members[0], mdm=members[1])
    if not listed.entry.kept:
        folder = CHECKOUT / "reference"
        raise PairError(
            f"the weights of pair {spec.name} are not kept: its record is, and its recipe",
            f"train it in a checkout: python -m mechshift.baselines.training {spec.name} "
            f"--arm {folder / 'tiny'} --out {folder / spec.name}",
        )
    raise PairError(
        f"the weights of pair {spec.name} are not part of this installation",
        "run the command in a checkout that has them, or train the pair: "
        f"python -m mechshift.baselines.training {spec.name} --out FOLDER",
    )


def _moved(member: MemberSpec, here: Path, there: Path) -> MemberSpec:
    if member.place == "hub":
        return member
    return replace(member, checkpoint=str(there / Path(member.checkpoint).relative_to(here)))


def _is_there(member: MemberSpec) -> bool:
    return member.place == "hub" or Path(member.checkpoint).is_dir()


def _folder() -> Path:
    return Path(str(files("mechshift.baselines")))
