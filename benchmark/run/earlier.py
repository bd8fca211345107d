"""What cells took in earlier runs of the same pair, read from their seals."""

from collections.abc import Mapping
from typing import Any

from .plan import Cell, Plan
from .store import Seal, Store
from .timing import Slot, amount, slot_of

Inputs = Mapping[str, Any]


def earlier_seconds(plan: Plan, store: Store) -> dict[Slot, float]:
    """Seconds that cells of a plan would take, as those of earlier runs in the same folder took them.

    Of the newest cell of the same kind and task, of the same members on the same kind of device, scaled to
    this protocol by `amount`. A cell of which there is no such figure is left out. Batch size and number of
    threads are not written down, so that a run with others can be faster or slower.
    """
    found: dict[Slot, float] = {}
    for task in plan.tasks:
        # Oldest first, so that the newest cell of a kind has the last word.
        seals = sorted(store.seals(task.name), key=lambda seal: seal.made)
        known = {seal.key: seal.inputs for seal in seals} | {cell.key: cell.inputs for cell in plan.of(task)}
        for cell in plan.of(task):
            for seal in seals:
                seconds = _scaled(seal, cell, known)
                if seconds is not None:
                    found[slot_of(cell)] = seconds
    return found


def _scaled(seal: Seal, cell: Cell, known: Mapping[str, Inputs]) -> float | None:
    """What the cell would take by a sealed one; None where the two are not of the same kind and members."""
    try:
        if seal.inputs["cell"] != cell.name or _subject(seal.inputs, known) != _subject(cell.inputs, known):
            return None
        return seal.seconds * amount(cell.inputs) / amount(seal.inputs)
    except (KeyError, TypeError, AttributeError, StopIteration, ZeroDivisionError):
        # Another version of the package may seal other things; what it took is then not known, no error.
        return None


def _subject(inputs: Inputs, known: Mapping[str, Inputs]) -> tuple[Any, Any]:
    """Members and device of a cell; of one that no model runs for, those of what it is computed from.

    Raises KeyError where that is not known.
    """
    members: dict[str, Any] = {}
    devices: set[str] = set()
    pending, seen = [inputs], set[str]()
    while pending:
        one = pending.pop()
        if "pair" in one:
            members |= one["pair"]
            devices.add(one["software"]["device"])
            continue
        # Every file once, even where they name each other in a circle.
        needed = set(one["needs"].values()) - seen
        seen |= needed
        pending += [known[key] for key in needed]
    if not members:
        raise KeyError("pair")
    return members, devices
