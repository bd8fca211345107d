"""mechshift: does an autoregressive model keep its mechanisms when it becomes a masked diffusion model?

import mechshift
pair = mechshift.load("tiny")
record = mechshift.run(pair, "quick", tasks=["ioi"])
scores = mechshift.edge_scores(pair, "ioi")
record = mechshift.read("mechshift-results/tiny-quick-ioi.json")
"""

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import (
        EdgeScores,
        compare,
        edge_scores,
        leaderboard,
        load,
        read,
        report,
        robustness,
        run,
        run_with_controls,
        validate,
        verdict,
    )
    from .benchmark.board.rows import Board
    from .benchmark.circuits.circuit import Circuit
    from .benchmark.circuits.graph import Graph
    from .benchmark.contrast.comparison import RecordComparison
    from .benchmark.controlled.run import ControlledRun
    from .benchmark.findings.finding import Finding
    from .benchmark.measure.score_sums import ScoreSums
    from .benchmark.pairs.pair import Pair
    from .benchmark.record.protocol import Protocol
    from .benchmark.record.record import Record
    from .benchmark.record.robustness import Robustness
    from .benchmark.verdict.verdict import PairVerdict
    from .tasks import Task

__version__ = _version("mechshift")
__all__ = [
    "Board",
    "Circuit",
    "ControlledRun",
    "EdgeScores",
    "Finding",
    "Graph",
    "Pair",
    "PairVerdict",
    "Protocol",
    "Record",
    "RecordComparison",
    "Robustness",
    "ScoreSums",
    "Task",
    "compare",
    "edge_scores",
    "leaderboard",
    "load",
    "read",
    "report",
    "robustness",
    "run",
    "run_with_controls",
    "validate",
    "verdict",
]

_MODULES = {
    "Board": "benchmark.board.rows",
    "Circuit": "benchmark.circuits.circuit",
    "ControlledRun": "benchmark.controlled.run",
    "Finding": "benchmark.findings.finding",
    "Graph": "benchmark.circuits.graph",
    "Pair": "benchmark.pairs.pair",
    "PairVerdict": "benchmark.verdict.verdict",
    "Protocol": "benchmark.record.protocol",
    "Record": "benchmark.record.record",
    "RecordComparison": "benchmark.contrast.comparison",
    "Robustness": "benchmark.record.robustness",
    "ScoreSums": "benchmark.measure.score_sums",
    "Task": "tasks",
}
"""Where the public types are; all other public names are in `api`."""


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the command line must start without torch.
    if name in __all__:
        return getattr(import_module(f".{_MODULES.get(name, 'api')}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
