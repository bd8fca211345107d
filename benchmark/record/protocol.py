"""Protocols: frozen, named values that fix every number of a run. A record carries its protocol whole."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ...errors import unknown

GRID = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of all edges at which circuits are run (MIB, arXiv 2504.13151)."""


class Protocol(BaseModel):
    """Everything that can change a number of a run, besides the pair and the tasks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(description="raised whenever a number computed under this name would change")
    board: bool = Field(description="whether a leaderboard takes records of this protocol")
    suite: str = Field(description="the tasks that a whole record has")
    seed: int = Field(description="seed of the examples, the splits and the resampling")
    kv: Literal["grouped", "ungrouped"] = Field(
        description="edges into key/value heads, or into copies per query head"
    )
    rule: Literal["left", "right", "midpoint"] = Field(description="integration points of EAP-IG")
    steps: int = Field(description="number of integration points, m")
    pool: int = Field(description="common-correct examples per task")
    minimum: int = Field(description="fewer common-correct examples than this are not analysed")
    candidates: int = Field(description="examples tried to fill the pool, as a multiple of its size")
    disjoint: bool = Field(description="whether circuits are found and judged on disjoint halves of the pool")
    grid: tuple[float, ...] = Field(description="shares of all edges at which circuits are run")
    circuit_edges: int | None = Field(description="size of the compared circuits; None: by faithfulness")
    faithful: float = Field(
        description="faithfulness that both members' compared circuits reach when chosen by it"
    )
    minimum_edges: int = Field(description="graphs with fewer edges are refused")
    intervention: Literal["patch", "zero", "mean"] = Field(
        description="what replaces an edge outside the circuit"
    )
    groups: int = Field(description="about how many groups of examples score sums are kept for")
    resamples: int = Field(description="bootstrap resamples")
    splits: int = Field(description="random halvings for the ceiling")
    components: int = Field(description="components whose output is read through the unembedding")


V1 = Protocol(
    name="v1",
    version=2,
    board=True,
    suite="all",
    seed=0,
    kv="grouped",
    rule="midpoint",
    steps=5,
    pool=500,
    minimum=30,
    candidates=10,
    disjoint=True,
    grid=GRID,
    circuit_edges=None,
    faithful=0.85,
    minimum_edges=0,
    intervention="patch",
    groups=24,
    resamples=200,
    splits=10,
    components=20,
)

PAPER = V1.model_copy(
    update={
        "name": "paper",
        "board": False,
        "suite": "paper",
        "kv": "ungrouped",
        "rule": "left",
        "disjoint": False,
        "circuit_edges": 1000,
        "minimum_edges": 5000,
    }
)

QUICK = V1.model_copy(update={"name": "quick", "board": False, "pool": 100})

_PROTOCOLS = {protocol.name: protocol for protocol in (V1, PAPER, QUICK)}


def list_protocols() -> tuple[Protocol, ...]:
    """All protocols, the leaderboard's first."""
    return tuple(_PROTOCOLS.values())


def get_protocol(name: str) -> Protocol:
    """The protocol of that name. Raises UsageError, with near names, for an unknown one."""
    if name not in _PROTOCOLS:
        raise unknown("protocol", name, _PROTOCOLS)
    return _PROTOCOLS[name]
