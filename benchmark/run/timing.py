"""How long the rest of a run takes, from what it has done so far and from what earlier runs took."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..circuits.points import TYPICAL
from ..measure.card_sizes import steps_of_cards
from ..measure.circuit_runs import crossed_circuits
from ..measure.node_sets import number_of_sets
from .plan import Cell, Stage, kind_named

Slot = tuple[str, str]
"""The names of a task and of a kind of cell."""

PER_UNIT: dict[Stage, float] = {
    "pool": 0.06,
    "prompts": 1.5,
    "scores": 0.01,
    "sweep": 0.011,
    "circuit": 0.005,
    "entropies": 0.005,
    "effects": 0.05,
    "cards": 0.007,
    "comparison": 0.00017,
    "stages": 0.0055,
    "ablation": 0.003,
    "causality": 0.02,
    "transfer": 0.011,
    "function": 0.02,
}
"""Relative time that a unit of `amount` takes, by kind; as `tiny` took it under `v2`, on one thread.

Only their ratios are used, and only until cells of the kind have been measured.
"""


def slot_of(cell: Cell) -> Slot:
    """The names of a cell's task and kind."""
    return cell.task.name, cell.name


def stem(name: str) -> Stage:
    """The stage of the kind of cell of that name. Raises KeyError where there is none."""
    return kind_named(name).stage


def amount(inputs: Mapping[str, Any]) -> float:
    """How much work a cell is by its protocol; for one pair and task, seconds are proportional to it.

    Examples times passes for what a model runs for; for a comparison the circuits that are ranked: every
    resample does it for the whole and both halves of every split, at every budget. `inputs`: a cell's.
    """
    settings: dict[str, Any] = {}
    for part in inputs["protocol"].values():
        settings |= part
    kind = stem(inputs["cell"])
    if kind == "comparison":
        ranked = (settings["resamples"] + 1) * (2 * settings["splits"] + 1)
        return float(ranked * (len(settings["grid"]) + 1))
    if kind in ("circuit", "prompts", "causality", "function"):
        return 1.0
    # Scores and sweeps each take one half of a pool that is divided.
    examples = settings["pool"] / (2 if settings.get("disjoint") else 1)
    passes = 1
    if kind == "scores":
        passes = _of_attribution(settings)
    elif kind == "stages":
        # Of both members, at every read; a read that a task has not takes none.
        examples = min(examples, settings["beside_examples"]) * len(settings["beside"])
        passes = 2 * _of_attribution(settings)
    elif kind == "sweep":
        examples = min(examples, settings["swept"] or examples)
        passes = 2 * len(settings["grid"])
    elif kind == "ablation":
        examples = min(examples, settings["ablated"])
        passes = 1 + number_of_sets(settings["random_sets"], settings["neurons"])
    elif kind == "transfer":
        others = sum("/" in name for name in inputs["needs"])
        named = min(examples, settings["crossed"]) * crossed_circuits(others)
        return float(named + min(examples, settings["shuffled_examples"]) * settings["shuffled"])
    elif kind == "cards":
        return float(steps_of_cards(int(examples)))
    return float(examples * passes)


def _of_attribution(settings: Mapping[str, Any]) -> int:
    """Passes that the scores of an example take: both prompts, and every step forward and back."""
    steps = settings["steps"]
    return 2 + 2 * (TYPICAL if steps == "converge" else int(steps))


class Timing:
    """An estimate of the time that is left, kept up to date by what is begun and done.

    A cell that is to come is expected to take, whichever is known first of: the mean of its kind in this run,
    by its number of examples where the other member's cell has told it; its figure of an earlier run; its
    `amount`, at the speed of this run or of the earlier one. A cell under way goes on as fast as it went.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        earlier: Mapping[Slot, float],
        clock: Callable[[], float] = time.monotonic,
        processes: int = 1,
    ) -> None:
        self._clock = clock
        self._processes = processes
        self._weights = {slot_of(cell): PER_UNIT[cell.kind.stage] * amount(cell.inputs) for cell in cells}
        self._open = dict.fromkeys(self._weights)
        self._earlier = dict(earlier)
        # Of a cell that another process did, only the seconds are known.
        self._measured: dict[Slot, tuple[float, int | None]] = {}
        self._examples: dict[Slot, int] = {}
        self._began = self._started = clock()
        self._current: Slot | None = None
        self._total = self._done = 0
        self._expected: float | None = 0.0
        self._rest: float | None = 0.0
        self._expect()

    @property
    def cells_left(self) -> int:
        """Cells that are neither done nor left out."""
        return len(self._open)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    @property
    def in_cell(self) -> float:
        """Seconds since the cell under way began."""
        return self._clock() - self._started

    @property
    def left(self) -> float | None:
        """Seconds that the run goes on; None as long as nothing is known of its speed.

        Reads numbers that only the other methods write, so that another thread may ask.
        """
        rest, expected = self._rest, self._expected
        if rest is None or expected is None:
            return None
        coming = rest + (max(0.0, expected - self.in_cell) if self._current else 0.0)
        # What the other processes are at is counted as if it were still to be begun.
        return coming / self._processes

    def drop(self, cell: Cell) -> None:
        """A cell takes no time: it was there, or is left out."""
        self._open.pop(slot_of(cell), None)
        self._expect()

    def start(self, cell: Cell, total: int) -> None:
        """A cell begins, of so many examples or other things to do."""
        self._current, self._total, self._done = slot_of(cell), total, 0
        self._started = self._clock()
        self._open.setdefault(self._current)
        self._examples[cell.task.name, cell.kind.stage] = total
        self._expect()

    def shared_by(self, processes: int) -> None:
        """So many processes compute cells now."""
        self._processes = processes

    def learn(self, cell: Cell, seconds: float) -> None:
        """Another process has done a cell, in so many seconds."""
        slot = slot_of(cell)
        self._measured[slot] = seconds, self._examples.get((cell.task.name, cell.kind.stage))
        self._open.pop(slot, None)
        self._expect()

    def advance(self, done: int) -> None:
        """So much more of the cell under way is done."""
        self._done += done
        self._expect()

    def finish(self) -> float:
        """The cell under way is done; the seconds that it took."""
        assert self._current is not None, "no cell is under way"
        seconds = self.in_cell
        self._measured[self._current] = seconds, self._total
        self._open.pop(self._current, None)
        self._current = None
        self._expect()
        return seconds

    def _expect(self) -> None:
        """Expect the rest anew."""
        coming = [self._estimate(slot) for slot in self._open if slot != self._current]
        known = [seconds for seconds in coming if seconds is not None]
        self._rest = sum(known) if len(known) == len(coming) else None
        if self._current is None:
            self._expected = 0.0
        elif self._done:
            self._expected = self.in_cell / min(1.0, self._done / self._total)
        else:
            self._expected = self._estimate(self._current)

    def _estimate(self, slot: Slot) -> float | None:
        task, kind = slot
        alike = [found for (_, other), found in self._measured.items() if other == kind]
        if alike:
            examples = self._examples.get((task, stem(kind)))
            counted = [(one, total) for one, total in alike if total is not None]
            done = sum(total for _, total in counted)
            if examples is not None and done:
                return sum(one for one, _ in counted) / done * examples
            return sum(one for one, _ in alike) / len(alike)
        if slot in self._earlier:
            return self._earlier[slot]
        speed = self._speed()
        return None if speed is None else speed * self._weights[slot]

    def _speed(self) -> float | None:
        """Seconds that a unit of weight takes, in this run where it has done anything, else in an earlier."""
        measured = {slot: seconds for slot, (seconds, _) in self._measured.items() if slot in self._weights}
        found = measured or {slot: one for slot, one in self._earlier.items() if slot in self._weights}
        weight = sum(self._weights[slot] for slot in found)
        return sum(found.values()) / weight if weight else None


def in_words(seconds: float) -> str:
    """A time as a person says it: `12 s`, `4 min`, `2 h 10 min`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, rest = divmod(round(minutes / 60), 24)
    return f"{days} d {rest} h" if rest else f"{days} d"


def left_in_words(seconds: float | None) -> str:
    """What is left, in words; that it is not known yet where it is not."""
    return "time left not known yet" if seconds is None else f"about {in_words(seconds)} left"
