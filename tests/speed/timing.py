"""Timing within one run: variants take turns, and what is compared is compared round by round.

A machine that is slower for a minute is so for all variants of a round, so that ratios hardly feel it.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speed.results import Clock, Curve, Reading, reading

if sys.platform != "win32":
    import resource

Work = Callable[[], object]


@dataclass(frozen=True)
class Asked:
    """How a benchmark is asked: `quick`, small enough to see that it works, or as the page has it.

    The processor's clock counts all threads of this process, and nothing that others do.
    """

    quick: bool
    clock: Clock = "wall"

    def seconds(self, work: Work) -> float:
        """How long the work takes."""
        now = time.perf_counter if self.clock == "wall" else time.process_time
        start = now()
        work()
        return now() - start

    def seconds_of_command(self, command: Sequence[str], **options: Any) -> float:
        """How long a command takes, the processes that it starts included."""
        if self.clock == "wall":
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
            return time.perf_counter() - start
        before = _of_children()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
        return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


NOT_POSITIVE = "a value is not above 0"

Times = dict[str, list[float]]
"""By variant its seconds in every round."""


def in_turn(variants: Mapping[str, Work], rounds: int, seconds: Callable[[Work], float]) -> Times:
    """Seconds of each variant in each round; every other round goes backwards, as places are not alike.

    The first variant runs once before, since the first of anything is slower.
    """
    names = list(variants)
    variants[names[0]]()
    times: Times = {name: [] for name in names}
    for number in range(rounds):
        for name in reversed(names) if number % 2 else names:
            times[name].append(seconds(variants[name]))
    return times


def ratio(name: str, above: Sequence[float], below: Sequence[float], **wanted: float) -> Reading:
    """The median over rounds of a ratio, with its quartiles."""
    return reading(name, [a / b for a, b in zip(above, below, strict=True)], "×", **wanted)


def power_law(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float | None]:
    """The power p of value = c · size^p that fits best in the least squares of logarithms, and R² there.

    R² is None where all values are equal. Sizes and values are positive, and there are two sizes at least.
    """
    x, y = np.log(sizes), np.log(values)
    power, offset = np.polyfit(x, y, 1)
    spread = float(np.square(y - y.mean()).sum())
    off = float(np.square(y - offset - power * x).sum())
    return float(power), 1 - off / spread if spread > 0 else None


def curve(
    name: str,
    against: str,
    unit: str,
    by_size: Mapping[float, Sequence[float]],
    **wanted: float,
) -> Curve:
    """Values by size [size][rounds] as a curve; its power is the median of those of the rounds.

    There is none where a value is not positive, as a difference of two times can be that is lost in noise.
    """
    sizes, called = tuple(by_size), f"power of {against}"
    readings = tuple(reading(f"{against} {size:g}", values, unit) for size, values in by_size.items())
    if min(min(values) for values in by_size.values()) > 0:
        rounds = [power_law(sizes, values)[0] for values in zip(*by_size.values(), strict=True)]
        power = reading(called, rounds, **wanted)
        _, r2 = power_law(sizes, [one.value for one in readings if one.value is not None])
    else:
        power, r2 = Reading(name=called, missing=NOT_POSITIVE, **wanted), None
    return Curve(name=name, against=against, sizes=sizes, readings=readings, power=power, r2=r2)
