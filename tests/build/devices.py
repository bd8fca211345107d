"""Devices that are not there: every tensor says on which one it is, and an operation across two is an error.

Numbers stay in the host's memory and are computed there, so that they can be held against those of a plain
run byte for byte. A tensor's device is that of its memory, which its views share.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any
from unittest.mock import patch

import torch
from accelerate import dispatch_model
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves

from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

CPU = torch.device("cpu")
FOUR = ("cuda:0", "cuda:1", "cuda:2", "cuda:3")

ANYWHERE = {"aten::copy_", "aten::_to_copy", "aten::set_"}
"""Operations that real devices have across two of them."""
INDEXED = {"aten::index", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_"}
"""Those whose indices may be in the host's memory whatever the device is."""


@contextmanager
def pretended(*names: str, free: Sequence[int] = ()) -> Iterator[None]:
    """Within, there are these devices, such as "cuda:0" and "cuda:1", besides the CPU.

    `free`: bytes that are free on each, a terabyte where nothing is said.
    """
    known = [torch.device(name) for name in names]
    left = dict(zip(known, free or [10**12] * len(known), strict=True))

    def mem_get_info(device: Any = 0) -> tuple[int, int]:
        index = device if isinstance(device, int) else torch.device(device).index or 0
        return left[torch.device("cuda", index)], 10**12

    machine = {
        "device_count": lambda: len(known),
        "get_device_name": lambda device=None: "pretended card",
        "mem_get_info": mem_get_info,
    }
    # What calls are answered is a matter of one thread, so that weights are to be read by this one.
    alone = patch.dict(os.environ, HF_DEACTIVATE_ASYNC_LOAD="1")
    with patch.multiple(torch.cuda, **machine), alone, _Operations(), _Calls(set(known)):
        yield


def device_of(tensor: Tensor) -> torch.device:
    """The device that a tensor pretends to be on."""
    with torch._C.DisableTorchFunction():
        if tensor.device != CPU:
            return tensor.device
        return getattr(tensor.untyped_storage(), "pretended", CPU)


def _put(tensor: Tensor, device: torch.device) -> Tensor:
    with torch._C.DisableTorchFunction():
        if tensor.device == CPU:
            tensor.untyped_storage().pretended = device  # type: ignore[attr-defined]
    return tensor


class _Operations(TorchDispatchMode):
    """Sees every operation that is computed, those of backward passes too."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        name = func._schema.name
        here = device_of(given[0]) if given else CPU
        if name not in ANYWHERE and given:
            here = _only(name, given, args)
        before = {each.untyped_storage()._cdata for each in given if each.device == CPU}
        found = func(*args, **kwargs)
        for each in tree_leaves(found):
            # What shares memory with an input is where that is.
            fresh = isinstance(each, Tensor) and each.device == CPU
            if fresh and each.untyped_storage()._cdata not in before:
                _put(each, here)
        return found


def _only(name: str, given: list[Tensor], args: Any) -> torch.device:
    """The one device that all of them are on; numbers in the host's memory go with any."""
    if name in INDEXED:
        chosen = device_of(args[0])
        indices = [each for each in args[1] if each is not None]
        wrong = [each for each in indices if device_of(each) not in (CPU, chosen)]
        values = [each for each in args[2:3] if each.ndim and device_of(each) != chosen]
        if wrong or values:
            raise RuntimeError(f"{name} on {chosen} with {[device_of(each) for each in (*wrong, *values)]}")
        return chosen
    devices = {device_of(each) for each in given if each.ndim or device_of(each) != CPU}
    if len(devices) > 1:
        raise RuntimeError(f"{name} across {sorted(map(str, devices))}")
    return devices.pop() if devices else CPU


class _Moved(torch.autograd.Function):
    """A copy on another device, whose gradient goes back to where it came from."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, device: torch.device) -> Tensor:
        ctx.source = device_of(tensor)
        return _put(tensor.detach().clone(), device)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _put(gradients[0].clone(), ctx.source), None


class _Calls(TorchFunctionMode):
    """Answers what a program asks of devices: where a tensor is, and that it be made or moved there."""

    def __init__(self, known: set[torch.device]) -> None:
        self._known = known

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func == Tensor.device.__get__:  # type: ignore[attr-defined]
            return device_of(args[0])
        if func == Tensor.is_cuda.__get__:  # type: ignore[attr-defined]
            return device_of(args[0]).type == "cuda"
        if func == Tensor.is_cpu.__get__:  # type: ignore[attr-defined]
            return device_of(args[0]).type == "cpu"
        if func is Tensor.cpu:
            return self._to(args[0], CPU)
        if func is Tensor.to:
            return self._asked_to(args, kwargs)
        if func in (Tensor.numpy, Tensor.__array__) and device_of(args[0]) != CPU:
            raise TypeError(f"a tensor on {device_of(args[0])} as an array of numpy")
        if func is torch.nn.functional.one_hot:
            # It makes a tensor where its input really is, and fills that.
            with _disable_current_modes():
                made = func(*args, **kwargs)
            return _put(made, device_of(args[0]))
        asked = kwargs.get("device")
        if asked is None or self._named(asked).type == "meta":
            return func(*args, **kwargs)
        device = self._named(asked)
        made = func(*args, **{**kwargs, "device": CPU})
        return self._to(made, device) if any(made is each for each in args) else _put(made, device)

    def _asked_to(self, args: Any, kwargs: Any) -> Tensor:
        tensor, *rest = args
        if rest and isinstance(rest[0], Tensor):
            rest = [device_of(rest[0]), rest[0].dtype, *rest[1:]]
        copy = kwargs.pop("copy", False)
        device, dtype, *_ = torch._C._nn._parse_to(*rest, **kwargs)
        if device is not None and device.type == "meta":
            return tensor.to(device)
        moved = tensor if device is None else self._to(tensor, self._named(device))
        if dtype is None:
            return moved.clone() if copy and moved is tensor else moved
        return moved.to(dtype, copy=copy and moved is tensor)

    def _to(self, tensor: Tensor, device: torch.device) -> Tensor:
        if device_of(tensor) in (device, torch.device("meta")):
            return tensor
        moved: Tensor = _Moved.apply(tensor, device)  # type: ignore[no-untyped-call]
        return moved

    def _named(self, asked: Any) -> torch.device:
        """The device of a name, a number, or without a number. Raises RuntimeError where it is not there."""
        device = torch.device("cuda", asked) if isinstance(asked, int) else torch.device(asked)
        if device.type in ("cpu", "meta"):
            return torch.device(device.type)
        device = torch.device(device.type, device.index or 0)
        if device not in self._known:
            raise RuntimeError(f"invalid device {device}")
        return device


def put_on(value: Any, device: torch.device) -> Any:
    """A batch, or whatever else is made of tensors, with all of them on a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{each.name: put_on(getattr(value, each.name), device) for each in fields(value)}
        )
    return value


def spread(member: Member, devices: Mapping[str, str]) -> Member:
    """The member, its modules in place on these devices by name, as transformers dispatches a model."""
    dispatch_model(member.backbone.model, dict(devices), skip_keys="past_key_values", force_hooks=True)
    return replace(member, backbone=read_backbone(member.backbone.model))


def by_turns(member: Member) -> dict[str, str]:
    """A device for each part, neighbours on different ones: the worst that a map can ask for."""
    base = member.backbone.model.base_model_prefix
    embedding, layers, norm = (
        ("wte", "h", "ln_f") if base == "transformer" else ("embed_tokens", "layers", "norm")
    )
    parts = [f"{base}.{layers}.{number}" for number in range(member.backbone.shape.layers)]
    found = {part: f"cuda:{1 + number % 2}" for number, part in enumerate(parts)}
    found |= {f"{base}.{embedding}": "cuda:0", f"{base}.{norm}": "cuda:3", "lm_head": "cuda:1"}
    beside = ("wpe", "drop") if base == "transformer" else ("rotary_emb",)
    return found | {f"{base}.{each}": "cuda:0" for each in beside}
