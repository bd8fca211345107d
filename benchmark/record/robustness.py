"""How far a record's headlines and verdicts move when one thing at a time is varied, as a file beside it.

The file names the record that it is of by the digest of its content: beside any other record it says nothing.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from ...errors import MechshiftError
from .files import read_untrusted
from .missing import Missing
from .number import Measured, Number
from .protocol import Part
from .record import Record

SUFFIX = ".robustness.json"
METHOD = 1
"""Raised by whoever changes how a variation is made or judged, so that what was kept is made again."""

VariedKind = Literal[
    "prompts",
    "templates",
    "budget",
    "weighting",
    "resampling",
    "points",
    "rule",
    "scoring",
    "intervention",
    "read",
    "denoising",
]
"""What is varied."""
VARIED_KINDS: tuple[VariedKind, ...] = get_args(VariedKind)

VerdictOn = Literal["suites", "tasks", "statements"]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Judgement(Part):
    """What is stated, by what it is on: verdicts on `suites` and `tasks`, and `statements` on topics.

    What a variation has no numbers for is not in it; `unjudged` then says why.
    """

    suites: dict[_Words, _Words] = Field(default={})
    tasks: dict[_Words, _Words] = Field(default={})
    statements: dict[_Words, _Words] = Field(default={})
    unjudged: str = ""

    def on(self, which: VerdictOn) -> dict[str, str]:
        """Those of one kind."""
        found: dict[str, str] = getattr(self, which)
        return found


class Result(Part):
    """What came out: headlines of the pair's row by name, and what is stated."""

    headlines: dict[_Words, Measured]
    judged: Judgement


class Varied(Part):
    """One variation, all else as in the record, and its result.

    `settings`: the protocol's settings that it changed, as they are written; none where the kept cells were
    put together in another way. `with_models`: whether models were run for it.
    """

    name: _Words
    kind: VariedKind
    settings: dict[str, str] = Field(default={})
    with_models: bool
    result: Result | Missing


class Robustness(Part):
    """All variations of a record.

    `record`: SHA-256 of its content; `method`: by which they were made. `left_out`: what was not varied, by
    name, and why.
    """

    schema_version: Literal[1] = 1
    method: int = METHOD
    record: str = Field(pattern="^[0-9a-f]{64}$")
    pair: str
    protocol: str
    base: Result
    variations: tuple[Varied, ...]
    left_out: dict[_Words, str] = Field(default={})

    def judged(self, which: VerdictOn, name: str) -> Iterator[tuple[Varied, str]]:
        """The variations under which something was judged, with what was said."""
        for one in self.variations:
            if isinstance(one.result, Result) and name in (said := one.result.judged.on(which)):
                yield one, said[name]

    def changes_under(self, which: VerdictOn, name: str) -> dict[str, str]:
        """The variations under which it is another one than in the record, with what it is then."""
        own = self.base.judged.on(which).get(name)
        return {one.name: said for one, said in self.judged(which, name) if said != own}

    def holding(self, which: VerdictOn, name: str) -> tuple[int, int]:
        """Under how many variations it holds, and of how many."""
        judged = list(self.judged(which, name))
        return len(judged) - len(self.changes_under(which, name)), len(judged)


def move(base: Measured, varied: Measured) -> float | None:
    """By how much a number moved, in its own unit; None where one of the two is missing."""
    if isinstance(base, Missing) or isinstance(varied, Missing):
        return None
    return varied.value - base.value


def half_widths(base: Measured, varied: Measured) -> float | None:
    """The same in half-widths of the record's own interval; None where that has none, or no width."""
    moved = move(base, varied)
    if moved is None or not isinstance(base, Number) or base.low is None or base.high is None:
        return None
    half = (base.high - base.low) / 2
    return moved / half if half > 0 else None


def content_digest(record: Record) -> str:
    """SHA-256 of a record's content, whatever file it lies in and however that is packed."""
    # What a later version adds to records with a default changes nothing of those written before.
    return hashlib.sha256(record.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def robustness_path(place: Path) -> Path:
    """The file of a record's variations: beside a record or a submission, and with its name."""
    # A folder can be named from within, as `.`.
    place = place if place.name else place.resolve()
    name = place.name
    for ending in (".json.gz", ".json", ".zip"):
        name = name.removesuffix(ending)
    return place.with_name(name + SUFFIX)


def read_robustness(place: Path, record: Record) -> Robustness | Missing | None:
    """What lies beside a record; missing, with the reason, where that is not of it; None for nothing."""
    path = robustness_path(place)
    if not os.path.exists(path):  # Path.exists raises where a record's name leaves no room for the ending
        return None
    try:
        found = read_untrusted(path, Robustness)
    except MechshiftError as error:
        return Missing(missing=error.problem)
    if found.record != content_digest(record):
        return Missing(missing=f"{path.name} is of another record: it names one with another content")
    if found.method != METHOD:
        return Missing(missing=f"{path.name} was made by another version of mechshift")
    return found


def of_these_verdicts(
    found: Robustness | Missing | None, said: Mapping[VerdictOn, Mapping[str, str]]
) -> Robustness | Missing | None:
    """The same; missing where its record's verdicts are not those, by other rules or a changed file."""
    if not isinstance(found, Robustness):
        return found
    for which, own in said.items():
        if found.base.judged.on(which) != own:
            return Missing(missing=f"it has other {which} of the record than are found here; make it again")
    return found
