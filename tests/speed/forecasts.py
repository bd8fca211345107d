"""How near `--dry-run` comes to the memory that a run takes on a CPU: predicted beside measured peaks.

Random pairs of three shapes (`speed.memory`), each in a process of its own. Linux alone tells peaks by stage.
"""

import tempfile
from pathlib import Path
from unittest.mock import patch

from speed.apart import apart
from speed.memory import SHAPES, forecast, measure, write_pair
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
