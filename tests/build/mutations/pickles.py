"""torch's files with one thing changed: another value in what was pickled, or another byte in the archive."""

import io
import pickle
import zipfile
from collections import OrderedDict
from random import Random
from typing import Any

import torch

from .archives import change_zip
from .damage import damaged


class Evil:
    """What runs code where it is unpickled."""

    def __reduce__(self) -> Any:
        import os

        return os.mkdir, ("evil",)


def _laughs(depth: int = 40) -> Any:
    """A few hundred bytes that would be terabytes of text."""
    found: Any = ["ha"] * 10
    for _ in range(depth):
        found = [found] * 10
    return found


def _deep(levels: int = 5_000) -> Any:
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


def _endless() -> Any:
    found: list[Any] = []
    found.append(found)
    return found


def change_pt(content: bytes, random: Random) -> bytes:
    """The file with one thing changed. Raises ValueError for what torch cannot read."""
    kind = random.choice(("value", "value", "value", "value", "zip", "pickle", "old", "bytes"))
    if kind == "bytes":
        return damaged(content, random)
    if kind == "zip":
        return change_zip(content, random)
    if kind == "pickle":
        return _with_other_pickle(content, random)
    try:
        found = torch.load(io.BytesIO(content), weights_only=True)
    except Exception as error:
        raise ValueError("torch cannot read it") from error
    written = io.BytesIO()
    try:
        changed = _changed(found, random) if kind == "value" else found
        torch.save(changed, written, _use_new_zipfile_serialization=kind != "old")
    except (pickle.PicklingError, RecursionError, NotImplementedError, RuntimeError) as error:
        raise ValueError("torch cannot write it") from error
    return written.getvalue()


def _with_other_pickle(content: bytes, random: Random) -> bytes:
    """Damage within the pickle of an archive that is whole."""
    written = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
            for member in old.infolist():
                inner = old.read(member)
                new.writestr(member, damaged(inner, random) if member.filename.endswith(".pkl") else inner)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ValueError(str(error)) from error
    return written.getvalue()


def _changed(found: Any, random: Random) -> Any:
    if not isinstance(found, dict) or not found:
        return random.choice((found, [found], {"x": found}, None))
    name = random.choice(sorted(found, key=str))
    value = found[name]
    kind = random.choice(("replace", "drop", "inner", "inner", "rename", "order"))
    if kind == "drop":
        return {key: each for key, each in found.items() if key != name}
    if kind == "rename":
        return {("x" if key == name else key): each for key, each in found.items()}
    if kind == "order":
        return OrderedDict(reversed(found.items()))
    if kind == "inner" and isinstance(value, dict):
        return {**found, name: _changed(value, random)}
    if kind == "inner" and isinstance(value, torch.Tensor):
        return {**found, name: _other_tensor(value, random)}
    if kind == "inner" and isinstance(value, list) and value:
        at = random.randrange(len(value))
        return {**found, name: [*value[:at], _any(random), *value[at + 1 :]]}
    return {**found, name: _any(random)}


def _any(random: Random) -> Any:
    return random.choice(_VALUES)()


_VALUES = (
    lambda: None,
    lambda: True,
    lambda: 0,
    lambda: -1,
    lambda: 2**40,
    lambda: 10**5000,
    lambda: float("nan"),
    lambda: "x",
    lambda: "\ud800",
    lambda: "x" * 10**5,
    list,
    dict,
    _laughs,
    _deep,
    _endless,
    Evil,
    lambda: torch.zeros(()),
    lambda: torch.zeros(1).expand(2**14, 2**14),
    lambda: torch.ones(2, 2, device="meta"),
)


def _other_tensor(value: torch.Tensor, random: Random) -> torch.Tensor:
    other = random.choice(_TENSORS)(value)
    assert isinstance(other, torch.Tensor)
    return other


def _filled(value: torch.Tensor, number: float) -> torch.Tensor:
    other = value.clone().float()
    other.view(-1)[0:1] = number
    return other


_TENSORS = (
    lambda value: value.t(),
    lambda value: value.reshape(-1),
    lambda value: value[:0],
    lambda value: value.double(),
    lambda value: value.half(),
    lambda value: value.bfloat16(),
    lambda value: value.long(),
    lambda value: value.bool(),
    lambda value: value.to(torch.complex64),
    lambda value: value.float().requires_grad_(),
    lambda value: value.to_sparse(),
    lambda value: value.float().to_sparse_csr(),
    lambda value: value[:1, :1].expand(value.shape),
    lambda value: value[:1, :1].expand(2**14, 2**14),
    lambda value: value.to("meta"),
    lambda value: torch.nn.Parameter(value.float()),
    lambda value: _filled(value, float("nan")),
    lambda value: _filled(value, float("inf")),
    lambda value: _filled(value, 3e38),
    lambda value: torch.quantize_per_tensor(value.float(), 0.1, 0, torch.qint8),
)
"""The same numbers of another kind, in another shape or in another storage."""
