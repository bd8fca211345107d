"""What benchmarks find, and the file in which it is kept.

A result holds readings (a number with its quartiles over rounds) and curves (readings against a size, with
the power of the size that fits best). What could not be measured is a reading with a reason and no number.
"""

import datetime
import hashlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from mechshift.benchmark.pairs.threads import available_cores
from mechshift.benchmark.record.protocol import Part
from mechshift.files import replacing

ROOT = Path(__file__).parents[2]
MEASURED = ("benchmark", "metrics", "tasks", "baselines", "src", "tests/speed", "tests/build")
"""Folders whose code decides what is measured."""

Clock = Literal["wall", "processor"]


class Reading(Part):
    """A number, in a unit, with its quartiles over so many rounds; or why there is none.

    `most`, `least`: what is wanted of it; `projected`: it was computed from measured laws, and not measured.
    """

    name: str
    unit: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rounds: Annotated[int, Field(ge=0)] = 0
    most: float | None = None
    least: float | None = None
    projected: bool = False
    missing: str | None = None

    @model_validator(mode="after")
    def _has_a_number_or_a_reason(self) -> Self:
        if (self.value is None) == (self.missing is None):
            raise ValueError("a reading has either a value or a reason why there is none")
        return self

    @property
    def holds(self) -> bool | None:
        """Whether it is as wanted; None where nothing is wanted or there is no number."""
        if self.value is None or (self.most is None and self.least is None):
            return None
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )


class Curve(Part):
    """Readings against a size: `power` is the p of value = c · size^p that fits best, `r2` how well."""

    name: str
    against: str
    sizes: tuple[float, ...]
    readings: tuple[Reading, ...]
    power: Reading
    r2: float | None

    @model_validator(mode="after")
    def _has_a_reading_for_each_size(self) -> Self:
        if len(self.sizes) != len(self.readings):
            raise ValueError("a curve has a reading for each size")
        return self


class Machine(Part):
    """Where and how it was measured."""

    processor: str
    cores: int
    threads: int
    memory_gb: int
    system: str
    versions: dict[str, str]
    clock: Clock

    @classmethod
    def here(cls, clock: Clock) -> Self:
        """This machine, now."""
        names = ("mechshift", "torch", "transformers", "numpy")
        return cls(
            processor=_processor(),
            cores=available_cores(),
            threads=torch.get_num_threads(),
            memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
            system=f"{platform.system()} {platform.machine()}",
            versions={"python": platform.python_version()} | {name: _version(name) for name in names},
            clock=clock,
        )


class Found(Part):
    """What a benchmark found; `notes`: lines of text beside its numbers."""

    readings: tuple[Reading, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()


class Result(Part):
    """What a benchmark found, where and when, by which code, and in how many seconds.

    `others`: how many cores other processes kept busy meanwhile; None where the system does not tell.
    """

    benchmark: str
    quick: bool
    date: datetime.date
    seconds: float
    others: float | None
    code: str
    machine: Machine
    found: Found


class Results(Part):
    """Results of several benchmarks, each once, as they stand in a file."""

    results: tuple[Result, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those of a file; none where there is no file."""
        return cls.model_validate_json(path.read_bytes()) if path.exists() else cls(results=())

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        with replacing(path) as partial:
            partial.write_text(self.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")

    def having(self, new: Sequence[Result]) -> Self:
        """These with new ones, which replace those of the same benchmark."""
        by_name = {one.benchmark: one for one in (*self.results, *new)}
        return type(self)(results=tuple(by_name.values()))


def reading(name: str, values: Sequence[float], unit: str = "", **wanted: float) -> Reading:
    """The median of what rounds gave, with the quartiles where there are several rounds."""
    low, middle, high = (float(each) for each in np.quantile(values, (0.25, 0.5, 0.75)))
    several = len(values) > 1
    return Reading(
        name=name,
        unit=unit,
        value=middle,
        low=low if several else None,
        high=high if several else None,
        rounds=len(values),
        **wanted,
    )


def code_digest() -> str:
    """A digest of the code that is measured and that measures: results of other code are not gone on with."""
    found = hashlib.sha256()
    for folder in MEASURED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(str(path.relative_to(ROOT)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "a checkout"
