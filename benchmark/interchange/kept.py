"""What a run keeps of a member, scores or a circuit, read by what is in the file."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from ..circuits.circuit import Circuit
from ..measure.evidence import ScoreSums


def load_kept(path: Path) -> Circuit:
    """The circuit of a file; of a file of scores their mean over the examples, with no edge in the circuit.

    Raises NotComputable for a file that is broken or holds something else.
    """
    if not _holds_scores(path):
        return Circuit.load(path)
    found = ScoreSums.load(path)
    return Circuit(found.graph, found.attribution.scores(), np.zeros_like(found.graph.mask), 0)


def _holds_scores(path: Path) -> bool:
    with suppress(OSError, SafetensorError, AttributeError, KeyError, TypeError, ValueError):
        with safe_open(path, framework="numpy") as file:
            header = json.loads(file.metadata()["mechshift"])
        return bool(header["format"].startswith("scores"))
    return False
