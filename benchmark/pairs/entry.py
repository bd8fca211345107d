"""An entry of a pairs.toml: what is written down about a pair, read strictly and written back."""

import tomllib
from dataclasses import dataclass
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

from ...errors import PairError, UsageError
from ...files import read_text
from .attention import Attention
from .spec import LoaderSpec, MemberSpec, PairSpec, Precision, expanded


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

    `precision` is that of both members; "auto" keeps what each checkpoint says. `kept`: whether the folder of
    the file has the weights; those of a pair that is trained here can be left to be trained again.
    """

    about: Text
    source: Text | None = None
    confounds: tuple[Text, ...] = ()
    precision: Precision = "auto"
    control: Annotated[bool, Field(strict=True)] = False
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


@dataclass(frozen=True)
class Listed:
    """A named pair: what is declared about it, and its entry."""

    spec: PairSpec
    entry: PairEntry


def read_entries(path: Path) -> dict[str, Listed]:
    """The pairs of a file by name, in its order; paths are relative to its folder.

    Raises UsageError for a file that cannot be read or is not of this form, PairError for declarations that
    contradict each other.
    """
    try:
        # Read strictly, as a misspelt key would otherwise leave a declaration at its default without a
        # word.
        tables = tomllib.loads(read_text(path))
        entries = TypeAdapter(dict[Text, PairEntry]).validate_python(tables)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is no file of pairs: {_reason(error)}",
            "name a file that mechshift pair new wrote; docs/pairs.md has its keys",
        ) from None
    return {name: Listed(_spec(name, entry, path), entry) for name, entry in entries.items()}


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
