"""What torch allocates, and what autograd saves, while something runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Allocated(TorchDispatchMode):
    """The largest number of bytes that the results of operations took at once, parameters left out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.peak = 0
        self._known = {_storage(each)._cdata for each in (*model.parameters(), *model.buffers())}
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = operation(*args, **(kwargs or {}))
        for each in tree_leaves(results):
            if isinstance(each, Tensor) and (storage := _storage(each))._cdata not in self._known:
                self._living[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self._living = {key: value for key, value in self._living.items() if not value[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._living.values()))
        return results


def _storage(tensor: Tensor) -> Any:
    return tensor.untyped_storage()


@contextmanager
def saved_bytes(model: nn.Module) -> Iterator[dict[int, Tensor]]:
    """The tensors that autograd saves, one for each storage, by its address; parameters left out."""
    known = {_storage(each).data_ptr() for each in (*model.parameters(), *model.buffers())}
    found: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        if _storage(tensor).data_ptr() not in known and _storage(tensor).nbytes():
            found.setdefault(_storage(tensor).data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield found
