"""The controls that a run is given for its pair: listed ones, entries of one's own, and checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import PairError, UsageError, unknown
from .checkpoint import find_checkpoint
from .entry import at_its_place, loaded_as
from .options import REFERENCE, PairOptions
from .registry import OWN, get_controls, get_pair, list_pairs
from .spec import MemberSpec, PairSpec, at_precision, declare_pair, is_path
from .words import Words

SIBLINGS = "siblings"
"""Stands for all controls that the registry names for a pair."""


@dataclass(frozen=True)
class Controls:
    """The controls of a pair, in the order in which they were asked for.

    `left_out`: by name, why a listed one that was not asked for by its own name is not among them.
    """

    specs: tuple[PairSpec, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def find_controls(
    pair: PairSpec,
    options: PairOptions,
    asked: Sequence[str | Path],
    mask_id: int,
    words: Words = Words.PYTHON,
) -> Controls:
    """What was asked for as controls of a pair, each of the pair's own ARM.

    Of `asked` each is the name of a listed control pair, FILE.toml (FILE.toml:NAME) with an entry of one, the
    checkpoint of a further training of the pair's ARM (a directory, or a hub id as ID@REVISION), or
    "siblings": all that the registry names for the pair. `options`: what named the pair; `mask_id`: its mask
    token, which a checkpoint's choices leave out too. No weights are loaded; to tell copies of one ARM from
    other ARMs those of directories are read. Raises UsageError for what is no control of the pair, for one
    that is asked for twice, and for an unknown name, PairError for what cannot be read.
    """
    option = words.repeated("control")
    if pair.control and asked:
        raise UsageError(
            f"{option} for {pair.name}, which is a control itself", "name the pair that it is a control of"
        )
    left_out: list[tuple[str, str]] = []
    found = [_as_precise(_control(pair, each, mask_id, words), options) for each in asked if each != SIBLINGS]
    if SIBLINGS in asked:
        there, lacking = _siblings(pair, options, words)
        found += [one for one in there if one not in found]
        left_out += lacking
    for control in found:
        _check(pair, control, option)
    _check_distinct(pair, found, option)
    return Controls(tuple(found), tuple(left_out))


def listed_controls(pair: PairSpec, options: PairOptions) -> tuple[str, ...]:
    """The names of the controls that the registry has for a pair, the one that it is read beside first.

    Of a named pair those of its entry, else every listed control pair of the same ARM.
    """
    if pair.control:
        return ()
    if options.arm is None:
        return get_controls(str(REFERENCE if options.pair is None else options.pair))
    ours = at_its_place(pair.arm)
    return tuple(
        name
        for name, listed in list_pairs().items()
        if listed.spec.control and _place(at_its_place(listed.spec.arm)) == _place(ours)
    )


def _siblings(
    pair: PairSpec, options: PairOptions, words: Words
) -> tuple[list[PairSpec], list[tuple[str, str]]]:
    """All listed controls; apart those whose weights are not here, with the reason."""
    names = listed_controls(pair, options)
    there: list[PairSpec] = []
    lacking: list[tuple[str, str]] = []
    for name in names:
        try:
            there.append(_as_precise(get_pair(name, words), options))
        except PairError as error:
            lacking.append((name, error.problem))
    if not there:
        why = "; ".join(reason for _, reason in lacking) or f"the registry names none for {pair.name}"
        raise UsageError(
            f"{words.repeated('control')} {SIBLINGS}: {why}",
            "name a checkpoint of the same ARM trained further without diffusion, or leave it out",
        )
    return there, lacking


def _control(pair: PairSpec, asked: str | Path, mask_id: int, words: Words) -> PairSpec:
    """One control by its name, its file, or its checkpoint."""
    if isinstance(asked, str) and (asked in list_pairs() or OWN.fullmatch(asked)):
        return get_pair(asked, words)
    if isinstance(asked, str) and not (is_path(asked) or "/" in asked or "@" in asked):
        if not asked.strip():
            raise UsageError(f"{words.repeated('control')} is empty", "name a control, or leave it out")
        raise unknown(
            "control", asked, [name for name, listed in list_pairs().items() if listed.spec.control]
        )
    declared = declare_pair(pair.arm.checkpoint, asked, control=True, mask_token=mask_id, words=words)
    # Its own ARM, with all that is declared about that.
    return replace(declared, arm=pair.arm, mdm=replace(declared.mdm, loader=pair.arm.loader))


def _as_precise(control: PairSpec, options: PairOptions) -> PairSpec:
    """At the precision that was asked for of the pair, as a checkpoint of one's own already is."""
    if options.dtype is None or control.arm.loader.precision == options.dtype:
        return control
    return at_precision(control, options.dtype)


def _check(pair: PairSpec, control: PairSpec, option: str) -> None:
    if not control.control:
        raise UsageError(
            f"{option} {control.name} is a pair with an MDM and no control of {pair.name}",
            "name a control pair, or the checkpoint of the same ARM trained further without diffusion",
        )
    ours, theirs = at_its_place(pair.arm), at_its_place(control.arm)
    if ours == theirs or _same_weights(ours, theirs):
        return
    raise UsageError(
        f"{option} {control.name} is of another ARM: {loaded_as(theirs)}, and that of {pair.name} is "
        f"{loaded_as(ours)}",
        "name a control of the very same ARM, at the same revision and loaded in the same way",
    )


def _same_weights(one: MemberSpec, other: MemberSpec) -> bool:
    """Whether two directories hold the same checkpoint, and are loaded in the same way."""
    if one.loader != other.loader or not all(Path(each.checkpoint).is_dir() for each in (one, other)):
        return False
    return find_checkpoint(one, offline=True).digest() == find_checkpoint(other, offline=True).digest()


def _check_distinct(pair: PairSpec, controls: Sequence[PairSpec], option: str) -> None:
    """Raises UsageError where two are one model, or the pair's own second member, or have one name."""
    seen: dict[MemberSpec, str] = {_place(at_its_place(pair.mdm)): pair.name}
    names = {pair.name}
    for control in controls:
        place = _place(at_its_place(control.mdm))
        if place in seen:
            told = "is given twice" if seen[place] != pair.name else "is the MDM of the pair itself"
            raise UsageError(f"{option} {control.mdm.checkpoint} {told}", "give each control once")
        if control.name in names:
            raise UsageError(
                f"{option}: two of the models are called {control.name}",
                "give them folders of different names, or write an entry with a name of its own for one of "
                "them (docs/pairs.md) and give FILE.toml",
            )
        seen[place] = control.name
        names.add(control.name)


def _place(member: MemberSpec) -> MemberSpec:
    """Where a checkpoint is, whatever is declared about it."""
    return MemberSpec(member.checkpoint, revision=member.revision)
