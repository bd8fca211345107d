"""Numbers that others have published, from `baselines/reported.toml`: reported, and not measured here."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ...errors import NotComputable
from ...tasks import list_tasks
from ..record.protocol import PAPER
from ..record.provenance import PairProvenance
from ..record.strict import Refused, read_toml

PROTOCOL = PAPER.name
"""The protocol whose overlaps reported ones may stand beside."""

_Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Unstated = Literal["floor", "ceiling", "interval", "prompts"]


class Published(BaseModel):
    """A part of the file: frozen, finite, and with no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ReportedMember(Published):
    """A member as its source calls it, and the hub id of the checkpoint of that name."""

    called: str = Field(min_length=1)
    hub: str = Field(pattern=r"^[\w.-]+(/[\w.-]+)?$")


class Publication(Published):
    """Where the numbers stand: an arXiv id, and the table or figure, or "not located"."""

    arxiv: str = Field(pattern=r"^\d{4}\.\d{4,5}(v\d+)?$")
    location: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"arXiv {self.arxiv}"


class Reported(Published):
    """What one source reports of one pair.

    `values` are raw Jaccard indices, 0 to 1, of circuits of `edges` edges each, by the names that tasks have
    here. `not_stated` is what the source does not give with them.
    """

    arm: ReportedMember
    mdm: ReportedMember
    quantity: Literal["jaccard, raw"]
    edges: int = Field(gt=0, strict=True)
    values: dict[str, _Share] = Field(min_length=1)
    source: Publication
    not_stated: tuple[Unstated, ...] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _of_known_tasks(cls, values: dict[str, float]) -> dict[str, float]:
        known = {task.card.name for task in list_tasks()}
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(f"no task is called {', '.join(unknown)}")
        return values

    @property
    def pair(self) -> str:
        """The pair as its source calls it, `ARM → MDM`."""
        return f"{self.arm.called} → {self.mdm.called}"

    def is_of(self, pair: PairProvenance) -> bool:
        """Whether a record's pair is this one: the hub ids of both members, in any case of letters.

        A checkpoint that was read from a directory has no hub id in its record, and is not recognised.
        """
        return not pair.control and _hub_ids(self.arm.hub, self.mdm.hub) == _hub_ids(
            pair.arm.checkpoint, pair.mdm.checkpoint
        )


class _File(Published):
    reported: tuple[Reported, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_entry_each(self) -> "_File":
        seen = {
            (*_hub_ids(entry.arm.hub, entry.mdm.hub), entry.edges, entry.source.arxiv)
            for entry in self.reported
        }
        if len(seen) < len(self.reported):
            raise ValueError("two entries are of one pair, size and source")
        return self


@cache
def list_reported() -> tuple[Reported, ...]:
    """What comes with the package, in the order of the file."""
    return read_reported(Path(str(files("mechshift.baselines"))) / "reported.toml")


def read_reported(path: Path) -> tuple[Reported, ...]:
    """The entries of a file. Raises NotComputable, with the first thing that is wrong, for a bad one."""
    try:
        return _File.model_validate(read_toml(path)).reported
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        problem = f"{place}: {first['msg']}"
    except (OSError, Refused) as error:
        problem = str(error)
    fields = ", ".join(Reported.model_fields)
    raise NotComputable(
        f"{path} is no file of reported numbers: {problem}", f"an entry has {fields}, and nothing else"
    )


def _hub_ids(arm: str, mdm: str) -> tuple[str, str]:
    return arm.casefold(), mdm.casefold()
