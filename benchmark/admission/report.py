"""A checked pair as a page of text or as JSON: findings, how gaps are filled, how far weights moved."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from math import isfinite
from typing import Any

from tabulate import tabulate

from ..pairs.movement import Movement
from .behaviour import Behaviour
from .examination import Examination
from .fill import Fill

WIDTHS = [None, None, None, 76]


def render(found: Examination) -> str:
    """The page: a line per check, a table of fills, a table of movement, and the outcome."""
    findings = [(each.check, each.subject, each.verdict, each.detail) for each in found.findings]
    parts = [tabulate(findings, ("check", "of", "verdict", "found"), maxcolwidths=WIDTHS)]
    if found.behaviour is not None and len(found.behaviour.declared.right):
        parts.append(_fills(found.behaviour))
    if found.pair is not None:
        parts.append(_movement(found.pair.movement))
    return "\n\n".join([*parts, _examined(found)])


def _examined(found: Examination) -> str:
    name = found.spec.name
    if found.pair is None:
        return f"{name} cannot be loaded; the other checks were not made."
    if found.failed:
        return f"{name} is not what it is declared to be."
    undecided = [each.check for each in found.findings if each.verdict == "undecided"]
    return f"{name} passes" + (f"; undecided: {', '.join(undecided)}." if undecided else " every check.")


def _fills(behaviour: Behaviour) -> str:
    """Best first, with the declared way marked."""
    ways = sorted(behaviour.ways, key=lambda way: -way.mean)
    rows = [
        (
            "shift" if way.shift else "no shift",
            str(way.attention),
            int(way.right.sum()),
            way.mean,
            "declared" if way is behaviour.declared else "",
        )
        for way in ways
    ]
    number = len(behaviour.declared.right)
    columns = ("shift", "attention", f"right of {number}", "mean log P", "")
    return f"How gaps are filled, the best way first\n{tabulate(rows, columns, floatfmt='.2f')}"


def _movement(movement: Iterable[Movement]) -> str:
    """Per kind of module the mean over layers, and where it is least and most."""
    by_module: dict[str, list[Movement]] = defaultdict(list)
    for one in movement:
        if one.change is not None:
            by_module[one.module].append(one)
    rows = [
        (module, sum(map(_change, moved)) / len(moved), *_extremes(moved))
        for module, moved in by_module.items()
    ]
    columns = ("module", "mean", "least", "layer", "most", "layer")
    return f"How far the weights moved, as a share of their norm\n{tabulate(rows, columns, floatfmt='.4f')}"


def _change(moved: Movement) -> float:
    assert moved.change is not None
    return moved.change


def _extremes(moved: list[Movement]) -> tuple[float | int | None, ...]:
    if moved[0].layer is None:
        return (None, None, None, None)
    least, most = min(moved, key=_change), max(moved, key=_change)
    return _change(least), least.layer, _change(most), most.layer


def as_json(found: Examination) -> dict[str, Any]:
    """The same for programs: `findings`, `fills`, `masks` and `movement`, empty where nothing was loaded."""
    behaviour, pair = found.behaviour, found.pair
    return {
        "pair": found.spec.name,
        "failed": found.failed,
        "findings": [asdict(each) for each in found.findings],
        "fills": [_fill(way) for way in behaviour.ways] if behaviour else [],
        "masks": [_fill(way) for way in behaviour.masks] if behaviour else [],
        "movement": [{**asdict(each), "change": _finite(each.change)} for each in pair.movement]
        if pair
        else [],
    }


def _fill(way: Fill) -> dict[str, Any]:
    return {
        "shift": way.shift,
        "attention": str(way.attention),
        "mask_id": way.mask_id,
        "right": int(way.right.sum()),
        "of": len(way.right),
        "log_probability": _finite(way.mean),
    }


def _finite(value: float | None) -> float | None:
    """JSON has no NaN: a model whose weights hold one has no value here."""
    return value if value is not None and isfinite(value) else None
