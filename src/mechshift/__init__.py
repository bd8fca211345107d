"""mechshift: does an autoregressive model keep its mechanisms when it becomes a masked diffusion model?

import mechshift
pair = mechshift.load("tiny")
record = mechshift.run(pair, "quick", tasks=["ioi"])
scores = mechshift.edge_scores(pair, "ioi")
"""

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import EdgeScores, edge_scores, load, run

__version__ = _version("mechshift")
__all__ = ["EdgeScores", "edge_scores", "load", "run"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the command line must start without torch.
    if name in __all__:
        return getattr(import_module(".api", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
