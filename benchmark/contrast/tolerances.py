"""How far reruns of one pair lie apart, measured and kept as TOML, for `mechshift check`."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from ...errors import NotComputable, UsageError
from ...files import write_text
from ..record.files import unreadable
from ..record.missing import Missing
from ..record.number import Measured
from ..record.protocol import Part
from ..record.quantities import task_quantities
from ..record.record import Record
from ..record.row import pair_quantities
from ..record.strict import Refused, read_toml
from ..run.store import digest_of
from .comparable import check_protocols, digest_of_settings
from .side import Side, read_side

FEWEST = 3
"""Reruns of a calibration; from two of them nothing can be said of how they lie apart but one difference."""

MISSING = "missing"


class RerunRecord(Part):
    """A record that tolerances were measured on; `digest`: SHA-256 of its file."""

    record: str
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    seed: int
    device: str
    mechshift: str
    torch: str


class RerunPair(Part):
    """What the pair of the reruns is, and the sizes that a checked record has to share."""

    name: str
    arm: str
    mdm: str
    layers: int
    heads: int
    kv_heads: int
    edges: int


class ValueSpread(Part):
    """A quantity in every rerun, in their order; mean and deviation (over K − 1) of those with a value."""

    mean: float | None = None
    deviation: Annotated[float | None, Field(ge=0)] = None
    values: tuple[float | Literal["missing"], ...]

    @model_validator(mode="after")
    def _as_its_values_are(self) -> "ValueSpread":
        for said, found in zip((self.mean, self.deviation), _moments(self.values), strict=True):
            if (said is None) != (found is None) or (
                said is not None
                and found is not None
                and not math.isclose(said, found, rel_tol=1e-6, abs_tol=1e-9)
            ):
                raise ValueError(f"mean and deviation are not those of its values: {said} and not {found}")
        return self

    def numbers(self, without: frozenset[int] = frozenset()) -> list[float]:
        """Its values but for reruns of those indices, without those that are missing."""
        return [
            value
            for index, value in enumerate(self.values)
            if index not in without and not isinstance(value, str)
        ]

    @property
    def always(self) -> bool:
        """Whether every rerun has a value."""
        return MISSING not in self.values


class Tolerances(Part):
    """What `mechshift check` compares a change with: every watched quantity in reruns of one pair.

    `rate`: how likely a check of an unchanged pair may be to raise any alarm; `protocol`: what that of the
    first rerun is called; `settings`: digest of the protocol without its seed; `row` by quantity, `tasks` by
    task and quantity.
    """

    format: Literal[1] = 1
    rate: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    protocol: str
    settings: str
    pair: RerunPair
    reruns: Annotated[tuple[RerunRecord, ...], Field(min_length=FEWEST)]
    row: dict[str, ValueSpread]
    tasks: dict[str, dict[str, ValueSpread]]

    @model_validator(mode="after")
    def _one_value_a_rerun(self) -> "Tolerances":
        for name, spread in self.spreads():
            if len(spread.values) != len(self.reruns):
                raise ValueError(f"{name} has {len(spread.values)} values of {len(self.reruns)} reruns")
        return self

    def spreads(self) -> Iterator[tuple[str, ValueSpread]]:
        """Every spread by the name of its value, `QUANTITY` or `QUANTITY.TASK`."""
        yield from self.row.items()
        for task, spreads in self.tasks.items():
            for quantity, spread in spreads.items():
                yield f"{quantity}.{task}", spread


def calibrate(places: Sequence[Path], rate: float = 0.05) -> Tolerances:
    """Measure how far reruns of one pair lie apart.

    They are records of the same weights, protocol and tasks: of other prompts (other seeds), or all of the
    same prompts, rerun on other machines. Raises UsageError where they are too few or one is there twice,
    NotComputable where they are not reruns of one another.
    """
    sides = [read_side(place) for place in places]
    if len(sides) < FEWEST:
        raise UsageError(
            f"{len(sides)} records do not show how reruns vary",
            f"give {FEWEST} or more, ten for a fair check",
        )
    digests = [_digest(side) for side in sides]
    if len(set(digests)) < len(digests):
        raise UsageError("a record is given twice", "give each rerun once")
    _check_reruns(sides)
    first = sides[0].record
    return Tolerances(
        rate=rate,
        protocol=first.protocol.name,
        settings=digest_of_settings(first.protocol),
        pair=describe_graph(first),
        reruns=tuple(_describe(side, digest) for side, digest in zip(sides, digests, strict=True)),
        row={
            one.name: _spread([one.of(side.record.summary) for side in sides])
            for one in pair_quantities()
            if one.definition.regression is not None
        },
        tasks={task.task: _spreads(task.task, sides) for task in first.results},
    )


def _digest(side: Side) -> str:
    if side.path is None:
        raise UsageError(f"{side.name} is no record's file", "calibrate with the records of runs")
    return digest_of(side.path)


def _check_reruns(sides: Sequence[Side]) -> None:
    """Raises where records are not reruns: other weights, protocols, tasks, or seeds that repeat in part."""
    first = sides[0]
    for side in sides[1:]:
        check_protocols(first.record, side.record)
        for what, mine, other in (
            ("weights", *map(_weights, (first.record, side.record))),
            ("tasks", *map(_asked, (first.record, side.record))),
        ):
            if mine != other:
                raise NotComputable(
                    f"{side.name} is no rerun of {first.name}: their {what} differ",
                    "give records of one pair on the same tasks",
                )
    seeds = {side.record.protocol.sampling.seed for side in sides}
    if 1 < len(seeds) < len(sides):
        raise NotComputable(
            f"{len(sides)} records have {len(seeds)} seeds: some are on the same prompts and some on others",
            "give records that all have other seeds, or all the same",
        )


def _weights(record: Record) -> object:
    return describe_graph(record).model_dump(exclude={"name"})


def _asked(record: Record) -> object:
    return {(task.task, task.level, task.version) for task in record.results}


def describe_graph(record: Record) -> RerunPair:
    """The pair of a record as tolerances have it."""
    pair = record.pair
    sizes = {"layers": pair.layers, "heads": pair.heads, "kv_heads": pair.kv_heads, "edges": pair.edges}
    return RerunPair(name=pair.name, arm=pair.arm.digest, mdm=pair.mdm.digest, **sizes)


def _describe(side: Side, digest: str) -> RerunRecord:
    environment = side.record.environment
    return RerunRecord(
        record=side.name,
        digest=digest,
        seed=side.record.protocol.sampling.seed,
        device=environment.device,
        mechshift=environment.mechshift,
        torch=environment.torch,
    )


def _spreads(name: str, sides: Sequence[Side]) -> dict[str, ValueSpread]:
    tasks = [next(task for task in side.record.results if task.task == name) for side in sides]
    return {
        one.name: _spread([one.of(task) for task in tasks])
        for one in task_quantities()
        if one.definition.regression is not None
    }


def _spread(found: Sequence[Measured]) -> ValueSpread:
    values: list[float | Literal["missing"]] = [
        "missing" if isinstance(value, Missing) else value.value for value in found
    ]
    mean, deviation = _moments(values)
    return ValueSpread(mean=mean, deviation=deviation, values=tuple(values))


def _moments(values: Sequence[float | str]) -> tuple[float | None, float | None]:
    numbers = [value for value in values if not isinstance(value, str)]
    if not numbers:
        return None, None
    return float(np.mean(numbers)), deviation_of(numbers) if len(numbers) > 1 else None


def deviation_of(values: Sequence[float]) -> float:
    """Standard deviation over K − 1 of two or more values, exactly 0 where all are the same."""
    # From the first value on: the mean of equal values need not be one of them to the last digit.
    return float(np.std(np.array(values) - values[0], ddof=1))


_HEAD = """\
# Written by `mechshift check --calibrate`: what reruns of a pair came to. docs/checking.md says how a check
# uses it. Mean and deviation follow from the values; edit neither.
"""


def write_tolerances(tolerances: Tolerances, path: Path) -> None:
    """Write tolerances as TOML, whole or not at all. Raises OutputError where that fails."""
    import tomli_w

    write_text(path, _HEAD + tomli_w.dumps(_without_none(tolerances.model_dump(mode="json"))))


def _without_none(content: Any) -> Any:
    """The content without what is None, which TOML has no word for."""
    if isinstance(content, Mapping):
        return {name: _without_none(value) for name, value in content.items() if value is not None}
    return [_without_none(each) for each in content] if isinstance(content, list) else content


def read_tolerances(path: Path) -> Tolerances:
    """Read tolerances. Raises NotComputable, with the first thing that is wrong, for any other file."""
    remedy = "make it anew with `mechshift check --calibrate`"
    try:
        return Tolerances.model_validate(read_toml(path))
    except OSError as error:
        raise unreadable(path, error) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise NotComputable(f"{path} holds no tolerances: {place}: {first['msg']}", remedy) from error
    except Refused as refusal:
        raise NotComputable(f"{path} holds no tolerances: {refusal}", remedy) from refusal
