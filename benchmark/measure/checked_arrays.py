"""Whether arrays that were read from a file are what can have been measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..circuits.files import broken

Arrays = Mapping[str, NDArray[Any]]


def without(tensors: Arrays, *names: str) -> Arrays:
    """All but those of these names."""
    return {name: tensor for name, tensor in tensors.items() if name not in names}


def check_shapes(path: Path, tensors: Arrays, shape: tuple[int, ...]) -> None:
    """Raises NotComputable where one has another shape."""
    for name, tensor in tensors.items():
        if tensor.shape != shape:
            raise broken(path, f"its {name} have shape {tensor.shape} and not {shape}")


def check_values(path: Path, tensors: Arrays) -> None:
    """Raises NotComputable where a measured number is not finite, or a count is negative."""
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise broken(path, f"one of its {name} is not finite")
        if tensor.dtype == np.int64 and tensor.min() < 0:
            raise broken(path, f"one of its {name} is negative")
