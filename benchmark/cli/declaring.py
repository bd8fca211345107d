"""The pair that the options of a command declare."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import UsageError

if TYPE_CHECKING:
    from ..pairs.spec import MemberSpec, PairSpec


def pair_spec(pair: str | None, arm: str | None, mdm: str | None, **declared: Any) -> "PairSpec":
    """The pair that is named, or the one of two checkpoints with what is declared about the MDM.

    `declared`: options by name; those that are None were left out. Of a named pair only the revisions can be
    declared anew. Raises UsageError for options that contradict each other, and as `get_pair` and
    `declare_pair` do.
    """
    from ..pairs.registry import get_pair
    from ..pairs.spec import declare_pair

    given = {name: value for name, value in declared.items() if value is not None}
    if arm is None and mdm is None:
        return _pinned(get_pair("tiny" if pair is None else pair), given)
    if pair is not None:
        raise UsageError("--pair names a listed pair and --arm/--mdm another", "give one or the other")
    if arm is None or mdm is None:
        missing = "--arm" if arm is None else "--mdm"
        raise UsageError(f"a pair has two members and {missing} is missing", "give both --arm and --mdm")
    return declare_pair(arm, mdm, **given)


def _pinned(spec: "PairSpec", given: dict[str, Any]) -> "PairSpec":
    """A named pair at the revisions that were asked for instead of its own."""
    arm = _at(spec.arm, given.pop("arm_revision", None), "--arm-revision")
    mdm = _at(spec.mdm, given.pop("revision", None), "--revision")
    if given:
        options = ", ".join(
            "--no-shift" if value is False else f"--{name.replace('_', '-')}" for name, value in given.items()
        )
        raise UsageError(
            f"{options} would declare something about pair {spec.name}, which has its own declarations",
            "leave it out, or name the checkpoints with --arm and --mdm",
        )
    return replace(spec, arm=arm, mdm=mdm)


def _at(member: "MemberSpec", revision: str | None, option: str) -> "MemberSpec":
    if revision is None:
        return member
    if not revision.strip():
        raise UsageError(f"{option} is empty", "name a commit, tag or branch, or leave it out")
    return replace(member, revision=revision)
