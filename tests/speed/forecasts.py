"""How near `--dry-run` comes to the memory that a run takes on a CPU: predicted beside measured peaks.

Random pairs of three shapes (`speed.memory`), each in a process of its own. Linux alone tells peaks by stage.
"""

import tempfile
from pathlib import Path
from unittest.mock import patch

from speed.apart import apart
from speed.memory import SHAPES, forecast, measure, measure_within, write_pair
from speed.peak import LINUX, NOT_LINUX
from speed.results import Found, Reading, reading
from speed.timing import Asked

NEAR = 1.15
"""How far predicted and measured peaks of a whole run may be apart."""
SMALL = {"vocabulary": 1000, "positions": 256, "width": 256, "mlp_width": 704, "layers": 4, "heads": 8}


def of_shape(shape: str, rows: int) -> list[Reading]:
    """Predicted over measured peaks of a shape, by stage and of the whole run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pair(shape, folder)
        found = apart(measure, folder, rows)
        predicted = {stage.stage: stage.together for stage in forecast(folder, rows)}
    predicted["loading"] = max(predicted["loading"], predicted.pop("checks"))  # one call does both
    readings = []
    for stage, bytes_ in [*predicted.items(), ("whole run", max(predicted.values()))]:
        held = found.get(stage, max(found.values()))
        wanted = {"least": 1 / NEAR, "most": NEAR} if stage == "whole run" else {}
        readings += [
            reading(f"{shape}, {stage}: measured", [held / 1e9], "GB"),
            reading(f"{shape}, {stage}: predicted / measured", [bytes_ / held], "×", **wanted),
        ]
    return readings


def measured(asked: Asked) -> Found:
    """All of that for every shape."""
    if not LINUX:
        return Found(readings=(Reading(name="peaks by stage", missing=NOT_LINUX),))
    rows = 4 if asked.quick else 64
    with patch.dict(SHAPES, {"llama": SMALL} if asked.quick else {}, clear=asked.quick):
        readings = [each for shape in SHAPES for each in of_shape(shape, rows)]
    return Found(readings=tuple(readings), notes=(f"Up to {rows} token rows at once.",))


WITHIN, MOST_OVER = 2 * 10**9, 1.1
"""A bound in bytes, and how far above it a peak may be, as a multiple."""
KINDS = ("pool", "scores", "sweep")
"""Stages that are run within it: at 24 layers effects are hours on one core."""


def within(layers: int, size: int, prompts: int) -> list[Reading]:
    """Predicted and measured peaks of GPT-2 small with so many layers, told to keep to so many bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pair("gpt2", folder, layers=layers)
        found = apart(measure_within, folder, size, prompts, KINDS)
    predicted, held = found["predicted"], found["measured"]
    predicted["loading"] = max(predicted["loading"], predicted.pop("checks"))  # one call does both
    both = [stage for stage in predicted if stage in held]
    how = (
        f"{found['rows']} rows, {'one member' if found['in_turn'] else 'both members'}, "
        f"1/{round(1 / found['share'])} at once"
    )
    readings = []
    for stage in (*both, "whole run"):
        one = max(predicted[each] for each in both) if stage == "whole run" else predicted[stage]
        most = max(held.values()) if stage == "whole run" else held[stage]
        bound = {"most": MOST_OVER * size / 1e9} if stage == "whole run" else {}
        label = f"{layers} layers ({how}), {stage}"
        wanted = {"least": 1 / NEAR, "most": NEAR} if stage == "whole run" else {}
        readings += [
            reading(f"{label}: measured", [most / 1e9], "GB", **bound),
            reading(f"{label}: predicted / measured", [one / most], "×", **wanted),
        ]
    return readings


def measured_within(asked: Asked) -> Found:
    """All of that from 2 to 24 layers."""
    if not LINUX:
        return Found(readings=(Reading(name="peaks by stage", missing=NOT_LINUX),))
    layers = (1,) if asked.quick else (2, 6, 12, 24)
    readings = [each for number in layers for each in within(number, WITHIN, 2)]
    return Found(readings=tuple(readings), notes=("Two prompts of 160 to 200 tokens, within 2 GB.",))
