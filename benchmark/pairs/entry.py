"""An entry of a pairs.toml: what is written down about a pair, read strictly and written back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tomli_w
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ...errors import PairError, UsageError, unknown
from ..record.strict import read_toml
from .attention import Attention
from .spec import LoaderSpec, MemberSpec, PairSpec, Precision, expanded, is_path


def _on_a_screen(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a text of one line that can be printed is needed")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_on_a_screen)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemberEntry(_Part):
    """One member: where it is (a `path` beside the file, or a `hub` id), its licence, and its declarations.

    Only an MDM declares `shift` and `attention`. `native`, `dropped_keys`, `key_map` (pattern to replacement)
    and `kernel` are those of `LoaderSpec`.
    """

    path: Text | None = None
    hub: Text | None = None
    revision: Text | None = None
    licence: Text | None = None
    shift: Annotated[bool, Field(strict=True)] | None = None
    attention: Text | None = None
    mask_token: Text | Annotated[int, Field(ge=0, strict=True)] | None = None
    native: Text | None = None
    dropped_keys: tuple[str, ...] = ()
    key_map: dict[str, str] = Field(default_factory=dict)
    kernel: Literal["sdpa", "eager"] = "sdpa"

    @model_validator(mode="after")
    def _has_one_place(self) -> "MemberEntry":
        if (self.path is None) == (self.hub is None):
            raise ValueError("a member has either a path or a hub id")
        if self.path is not None and self.revision is not None:
            raise ValueError("a revision is that of a hub id, and a path has none")
        return self


class PairEntry(_Part):
    """A pair: what it is in a line, its source, what beside the objective changed, and its two members.

    `precision` is that of both members; "auto" keeps what each checkpoint says. `control`: the second member
    is no MDM but the ARM, trained further with its own objective. `controls` are names of such entries, of
    the very same ARM, the one that the pair is read beside first. `kept`: whether the folder of the file has
    the weights; those of a pair that is trained here can be left to be trained again.
    """

    about: Text
    source: Text | None = None
    confounds: tuple[Text, ...] = ()
    precision: Precision = "auto"
    control: Annotated[bool, Field(strict=True)] = False
    controls: tuple[Text, ...] = ()
    kept: Annotated[bool, Field(strict=True)] = True
    arm: MemberEntry
    mdm: MemberEntry

    @model_validator(mode="after")
    def _declares_the_mdm_alone(self) -> "PairEntry":
        if self.mdm.shift is None or self.mdm.attention is None:
            raise ValueError("the mdm declares shift and attention")
        if (self.arm.shift, self.arm.attention, self.arm.mask_token) != (None, None, None):
            raise ValueError("an arm declares no shift, attention or mask_token")
        return self

    @model_validator(mode="after")
    def _names_controls_once(self) -> "PairEntry":
        if self.control and self.controls:
            raise ValueError("a control has no controls of its own")
        if len(set(self.controls)) < len(self.controls):
            raise ValueError("controls names one of them twice")
        return self


@dataclass(frozen=True)
class Listed:
    """A named pair: what is declared about it, and its entry."""

    spec: PairSpec
    entry: PairEntry


def read_entries(path: Path, elsewhere: Mapping[str, Listed] | None = None) -> dict[str, Listed]:
    """The pairs of a file by name, in its order; paths are relative to its folder.

    A pair may also name controls among the pairs `elsewhere`; those of its own file go first. Raises
    UsageError for a file that cannot be read or is not of this form, and for a control that no entry is
    called, PairError for declarations that contradict each other: also for a control that is none, or that is
    one of another ARM.
    """
    try:
        # Read strictly, as a misspelt key would otherwise leave a declaration at its default without a
        # word.
        tables = read_toml(path)
        entries = TypeAdapter(dict[Text, PairEntry]).validate_python(tables)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is no file of pairs: {_reason(error)}",
            "name a file that mechshift pair new wrote; docs/pairs.md has its keys",
        ) from None
    pairs = {name: Listed(_spec(name, entry, path), entry) for name, entry in entries.items()}
    for listed in pairs.values():
        _check_controls(listed, {**(elsewhere or {}), **pairs}, path)
    return pairs


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    said = "a table is needed" if first["type"].startswith(("model", "dict")) else first["msg"]
    return f"{said}, at {'.'.join(map(str, first['loc']))}"


def _spec(name: str, entry: PairEntry, path: Path) -> PairSpec:
    try:
        arm, mdm = (_member(member, entry, path.parent) for member in (entry.arm, entry.mdm))
        return PairSpec(name, arm, mdm, entry.control, entry.confounds)
    except (PairError, UsageError) as error:
        raise type(error)(f"{error.problem} ({path}, entry {name})", error.remedy) from None


def _check_controls(pair: Listed, pairs: Mapping[str, Listed], path: Path) -> None:
    controls = {name: listed.spec for name, listed in pairs.items() if listed.spec.control}
    name, ours = pair.spec.name, pair.spec.arm
    for control in pair.entry.controls:
        if control not in pairs and controls:
            raise unknown(f"control of pair {name} in {path}:", control, controls)
        if control not in pairs:
            raise UsageError(
                f"pair {name} names control {control}, and {path} has none",
                "write an entry of that name with control = true into it, or leave controls out",
            )
        if control not in controls:
            raise PairError(
                f"pair {name} names {control} among its controls, whose second member is an MDM ({path})",
                "name an entry with control = true: the same ARM, trained further without diffusion",
            )
        theirs = controls[control].arm
        if at_its_place(ours) != at_its_place(theirs):
            raise PairError(
                f"pair {name} names control {control}, which is of another ARM: {loaded_as(theirs)}, and the "
                f"pair's is {loaded_as(ours)} ({path})",
                "name a control of the very same ARM, at the same revision and loaded in the same way",
            )


def at_its_place(member: MemberSpec) -> MemberSpec:
    """Named by its one absolute path where it is a directory, else known to be on the hub."""
    if member.place == "hub" or (member.place == "either" and not is_path(member.checkpoint)):
        return replace(member, place="hub")
    return replace(member, checkpoint=str(expanded(member.checkpoint).resolve()), place="directory")


def loaded_as(member: MemberSpec) -> str:
    """A member and what is said about how it is loaded, for an error about two that differ."""
    loader = member.loader
    said = (
        f"as {loader.native}" if loader.native else "",
        f"without {', '.join(loader.dropped_keys)}" if loader.dropped_keys else "",
        f"with {dict(loader.key_map)}" if loader.key_map else "",
        f"in {loader.precision} by {loader.kernel}",
    )
    at = f"@{member.revision}" if member.revision else ""
    return " ".join([f"{member.checkpoint}{at}", *filter(None, said)])


def _member(member: MemberEntry, pair: PairEntry, folder: Path) -> MemberSpec:
    local = None if member.path is None else folder / expanded(member.path)
    return MemberSpec(
        str(member.hub if local is None else local),
        attention=Attention.parse(member.attention or "causal"),
        shift=member.shift is not False,
        mask_token=member.mask_token,
        revision=member.revision,
        loader=LoaderSpec(
            member.native, member.dropped_keys, tuple(member.key_map.items()), pair.precision, member.kernel
        ),
        place="hub" if local is None else "directory",
    )


def entry_text(name: str, entry: PairEntry) -> str:
    """The entry as TOML, as `read_entries` reads it; what is not set is left out."""
    return tomli_w.dumps({name: entry.model_dump(mode="json", exclude_defaults=True)})
