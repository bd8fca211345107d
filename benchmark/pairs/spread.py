"""On which device each part of a member is, where a map spreads it over several.

Whole layers go to a device. transformers puts them there, and accelerate moves what a layer reads.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from ...errors import UsageError, listed, unknown
from .backbones import Backbone
from .device_map import DeviceMap
from .devices import OPTION, named_device, offloaded

DeviceByPart = Mapping[str, torch.device]
"""The device of every part of a model: embeddings, layers, final norm and head, by the modules' names."""

ROOM = 0.9
"""Of what is free on a device the share that weights may take; the rest is for what is computed."""


def spread_over(
    backbone: Backbone,
    asked: DeviceMap,
    free: Mapping[torch.device, int],
    members: int = 1,
    dtype: torch.dtype | None = None,
) -> DeviceByPart:
    """The device of each part of a model that is not loaded yet, for a map that is asked for.

    `backbone`: its parameters may be without numbers; `free`: bytes on each accelerator; `members`: as many
    as are in memory at a time; `dtype`: what weights are loaded as, None for float32. Raises UsageError for
    a map that does not fit the model or has weights where nothing is computed, and for accelerators on which
    a way to spread layers finds no room.
    """
    names = {module: name for name, module in backbone.model.named_modules()}
    if asked.way is None:
        given = {module: named_device(device) for module, device in asked.parts}
        wrong = next((module for module in given if module not in names.values()), None)
        if wrong is not None:
            raise unknown(f"module of {type(backbone.model).__name__}", wrong, names.values())
    else:
        room = {device: int(ROOM * size / members) for device, size in free.items()}
        given = _by_room(backbone, asked.way, room, dtype)
    devices = _of_parameters(backbone.model, given)
    found = {names[part]: _only_device(names[part], part, devices) for part in _parts(backbone)}
    home = found[names[backbone.embedding]]
    if asked.way is not None and backbone.position_embedding is not None:
        found[names[backbone.position_embedding]] = home
    _check_at_home(backbone, names, found)
    # Of the rotary embedding, say, there are no weights: what it computes is moved to each layer.
    inner = tuple(f"{name}." for name in found)
    for module, name in names.items():
        if any(True for _ in module.buffers(recurse=False)) and not f"{name}.".startswith(inner):
            found[name] = home
    return found


def check_accelerate() -> None:
    """Raises UsageError where the package is absent that transformers moves what layers read with."""
    if find_spec("accelerate") is None:
        raise UsageError(
            "layers on several devices need accelerate, which is not installed",
            f'in a clone: pip install -c constraints.txt ".[large]"; or leave {OPTION} out',
        )


def devices_of(place: torch.device | DeviceByPart) -> tuple[torch.device, ...]:
    """All devices of a place, each once, the embedding's first."""
    return (place,) if isinstance(place, torch.device) else tuple(dict.fromkeys(place.values()))


def shares(backbone: Backbone, parts: DeviceByPart) -> dict[str, float]:
    """The share of a model's parameters that each device holds, a tied one counted once."""
    devices, sizes = _of_parameters(backbone.model, parts), defaultdict[str, int](int)
    for name, parameter in backbone.model.named_parameters():
        sizes[str(devices[name])] += parameter.numel()
    return {device: size / sum(sizes.values()) for device, size in sizes.items()}


def _by_room(
    backbone: Backbone, way: str, room: Mapping[torch.device, int], dtype: torch.dtype | None
) -> dict[str, torch.device]:
    """A model spread by what there is; without accelerators, or with one, all of it is there."""
    if len(room) < 2:
        return {"": next(iter(room), torch.device("cpu"))}
    check_accelerate()
    from accelerate import infer_auto_device_map
    from accelerate.utils import get_balanced_memory

    model: Any = backbone.model
    cards, most = list(room), dict(enumerate(room.values()))
    whole = {"no_split_module_classes": list(model._no_split_modules), "dtype": dtype}
    if way != "sequential":
        most = get_balanced_memory(model, most, **whole)
    found = infer_auto_device_map(model, most, **whole)
    if "disk" in found.values():
        left = [name for name, card in found.items() if card == "disk"]
        each = listed([f"{size / 1e9:.1f} GB on {card}" for card, size in room.items()])
        raise UsageError(
            f"{OPTION} {way}: a member may take {each}, and {_some(left)} would be left over",
            "load at bfloat16, hold one member at a time (a bound of memory does), or give more devices",
        )
    return {name: cards[card] for name, card in found.items()}


def _parts(backbone: Backbone) -> Iterable[nn.Module]:
    """What is on one device as a whole."""
    yield backbone.embedding
    if backbone.position_embedding is not None:
        yield backbone.position_embedding
    yield from (layer.block for layer in backbone.layers)
    yield backbone.final_norm.module
    yield backbone.head


def _of_parameters(model: nn.Module, given: DeviceByPart) -> dict[str, torch.device]:
    """The device of each parameter by its name: that of the innermost module that is given one."""
    found, missed = {}, []
    for name, _ in model.named_parameters(remove_duplicate=False):
        outer = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
        device = next((given[module] for module in (*outer, "") if module in given), None)
        if device is None:
            missed.append(outer[0])
        else:
            found[name] = device
    if missed:
        raise UsageError(
            f"the device map says nothing of {_some(list(dict.fromkeys(missed)))}",
            "name a device for every module; one that holds others stands for all of them",
        )
    kinds = {device.type for device in found.values()}
    if "cpu" in kinds and len(kinds) > 1:
        raise offloaded(["cpu"])
    return found


def _only_device(name: str, part: nn.Module, devices: DeviceByPart) -> torch.device:
    """Of one part. Raises UsageError where it is on several."""
    found = {devices[f"{name}.{inner}"] for inner, _ in part.named_parameters()}
    if len(found) > 1:
        raise UsageError(
            f"the device map has parts of {name} on {listed(sorted(map(str, found)))}",
            "give a layer one device",
        )
    return found.pop()


def _check_at_home(backbone: Backbone, names: Mapping[nn.Module, str], found: DeviceByPart) -> None:
    """Raises UsageError where what has to be with the embedding is elsewhere."""
    beside: list[tuple[nn.Module, str]] = []
    if backbone.position_embedding is not None:
        beside.append((backbone.position_embedding, "is added to it"))
    if backbone.head.weight is backbone.embedding.weight:
        beside.append((backbone.head, "has the same weights"))
    home = names[backbone.embedding]
    for module, why in beside:
        if found[names[module]] != found[home]:
            raise UsageError(
                f"the device map has {home} on {found[home]} and {names[module]}, which {why}, on "
                f"{found[names[module]]}",
                "give both one device",
            )


def _some(names: list[str]) -> str:
    return listed(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"
