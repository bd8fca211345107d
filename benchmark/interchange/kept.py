"""What a run keeps of a member, scores or a circuit, read by what is in the file."""

from pathlib import Path

import numpy as np

from ..circuits.circuit import Circuit
from ..circuits.files import kind_of
from ..measure.score_sums import ScoreSums


def load_kept(path: Path) -> Circuit:
    """The circuit of a file; of a file of scores their mean over the examples, with no edge in the circuit.

    Raises NotComputable for a file that is broken or holds something else.
    """
    if kind_of(path) != "scores":
        return Circuit.load(path)
    # Scores have no circuit yet; the empty one is what the library writes before it selects.
    found = ScoreSums.load(path)
    return Circuit(found.graph, found.attribution.scores(), np.zeros_like(found.graph.mask), 0)
