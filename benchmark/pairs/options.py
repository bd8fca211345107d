"""All that a caller can say about a pair, and the one way from there to what is declared about it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from ...errors import UsageError, unknown
from .device_map import DeviceMap
from .registry import get_pair
from .spec import MemberSpec, PairSpec, Precision, at_precision, declare_pair
from .words import Words

REFERENCE = "tiny"
"""The pair that is meant where none is named."""

DECLARATIONS = ("shift", "attention", "as_control", "mask_token", "revision", "arm_revision", "name")
"""Options that say something about two checkpoints; a named pair has its own, revisions aside."""


@dataclass(frozen=True)
class PairOptions:
    """What either interface can be told about a pair; None stands for what was left out.

    `pair` is a listed pair or FILE.toml (FILE.toml:NAME), otherwise `arm` and `mdm` are its two checkpoints:
    hub ids (ID@REVISION) or directories. `shift`, `attention` and `mask_token` are the MDM's, `as_control`
    tells that the second member is the ARM trained on. `revision` is the MDM's hub commit, tag or branch,
    `arm_revision` the ARM's. `name` is what a pair of two checkpoints is called. `dtype` is the precision of
    both members' weights, as stored if left out.

    `device`, `offline` and `accept_behaviour` say how the pair is loaded, as `load_pair` takes them;
    `device_map`, in place of a device, is what `DeviceMap.parse` takes.
    """

    pair: str | Path | None = None
    arm: str | Path | None = None
    mdm: str | Path | None = None
    shift: bool | None = None
    attention: str | None = None
    as_control: bool | None = None
    mask_token: str | int | None = None
    revision: str | None = None
    arm_revision: str | None = None
    name: str | None = None
    dtype: Precision | None = None
    device: str | None = None
    device_map: str | Path | Mapping[str, int | str] | DeviceMap | None = None
    offline: bool = False
    accept_behaviour: bool = False

    @property
    def declared(self) -> dict[str, Any]:
        """What was said about the checkpoints, by option, in the order of `DECLARATIONS`."""
        values = {option: getattr(self, option) for option in DECLARATIONS}
        return {option: value for option, value in values.items() if value is not None}


def place_of(options: PairOptions, words: Words = Words.PYTHON) -> str | DeviceMap | None:
    """Where the pair is to go: a device, or a map of several; None where nothing is said.

    Raises UsageError where both are, and for a map as `DeviceMap.parse` does.
    """
    if options.device_map is None:
        return options.device
    asked = DeviceMap.parse(options.device_map)
    if options.device is not None:
        raise UsageError(
            f"{words.option('device')} names one device, and {words.option('device_map')} several",
            "give one or the other",
        )
    return asked


OPTIONS = tuple(field.name for field in fields(PairOptions))
"""The names of all options."""


def resolve(options: PairOptions, words: Words = Words.PYTHON) -> PairSpec:
    """The pair that is meant: the named one, two checkpoints with what is said about them, else `tiny`.

    Of a named pair only revisions and precision can be declared anew. `words` is the interface that was used,
    in whose words errors name options. Raises UsageError for options that contradict each other, a member
    that is missing, an unknown dtype, and as `get_pair` and `declare_pair` do.
    """
    spec = _declared(options, words)
    if options.dtype is None:
        return spec
    known = [name for name in get_args(Precision) if name != "auto"]
    if options.dtype not in known:
        raise unknown("dtype", str(options.dtype), known)
    return at_precision(spec, options.dtype)


def _declared(options: PairOptions, words: Words) -> PairSpec:
    arm, mdm = options.arm, options.mdm
    if arm is None and mdm is None:
        named = get_pair(str(REFERENCE if options.pair is None else options.pair), words)
        return _at_revisions(named, options.declared, words)
    if options.pair is not None:
        named_by, other = words.option("pair"), f"{words.option('arm')} and {words.option('mdm')}"
        raise UsageError(f"{named_by} names a listed pair, and {other} another", "give one or the other")
    if arm is None or mdm is None:
        missing, both = ("arm" if arm is None else "mdm"), f"{words.option('arm')} and {words.option('mdm')}"
        raise UsageError(
            f"a pair has two members, and {words.option(missing)} is missing", f"give both {both}"
        )
    declared = options.declared
    # As an option it has another name, because `--control` names the control of a pair.
    return declare_pair(arm, mdm, words=words, control=declared.pop("as_control", False), **declared)


def _at_revisions(spec: PairSpec, declared: dict[str, Any], words: Words) -> PairSpec:
    """A named pair at the revisions that were asked for instead of its own."""
    arm = _at(spec.arm, declared.pop("arm_revision", None), words.option("arm_revision"))
    mdm = _at(spec.mdm, declared.pop("revision", None), words.option("revision"))
    if declared:
        # An entry is a declaration as a whole: half of it replaced would be a pair that nobody has described.
        given = ", ".join(words.given(option, value) for option, value in declared.items())
        raise UsageError(
            f"{given} would declare something about pair {spec.name}, which has its own declarations",
            f"leave it out, or name the checkpoints with {words.option('arm')} and {words.option('mdm')}",
        )
    return replace(spec, arm=arm, mdm=mdm)


def _at(member: MemberSpec, revision: str | None, option: str) -> MemberSpec:
    if revision is None:
        return member
    if not revision.strip():
        raise UsageError(f"{option} is empty", "name a commit, tag or branch, or leave it out")
    return replace(member, revision=revision)
