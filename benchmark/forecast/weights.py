"""Weights on disk, read once in pieces and without a model: their digest, and whether all are finite.

Large checkpoints take as long as their disk and SHA-256 need; memory is that of one piece.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import torch

from ..admission.structure import not_finite
from ..pairs.check_name import of_check
from ..pairs.checkpoint import Checkpoint, with_weights
from ..pairs.families import CLASSES, family_of
from ..pairs.layout import CONFIG
from ..pairs.member import Member
from ..pairs.native import native_type
from ..pairs.spec import LoaderSpec
from .stored import Stored

PIECE = 2**26
"""Bytes that are read at once."""

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
"""Those that weights are loaded from; others are not judged."""

EXPERTS = (
    (r"\.experts\.\d+\.(gate|up)_proj\.weight$", ".experts.gate_up_proj"),
    (r"\.experts\.\d+\.down_proj\.weight$", ".experts.down_proj"),
)
"""Published experts are one by one, the native class's are stacked."""


def weights_at_hand(stored: Stored) -> Checkpoint | None:
    """The checkpoint with its weights where all of them are on this machine, else None; fetches nothing.

    Raises PairError as a run does where they are missing, pickled, damaged, or have an adapter beside them.
    """
    # A dry run fetches no weights.
    if stored.missing:
        return None
    with of_check("files"):
        return with_weights(stored.checkpoint, offline=True)


def examine_weights(checkpoint: Checkpoint, member: Member, loader: LoaderSpec, dtype: torch.dtype) -> str:
    """The checkpoint's digest, as `Checkpoint.digest`.

    Raises PairError as the check of a loaded member does where a parameter, loaded as `dtype`, holds NaN or
    an infinity.
    """
    total = hashlib.sha256(hashlib.sha256((checkpoint.directory / CONFIG).read_bytes()).digest())
    wrong: set[str] = set()
    for path in checkpoint.weights:
        digest, found = _read(path, dtype)
        total.update(digest)
        wrong |= set(found)
    names = [name for name, _ in member.backbone.model.named_parameters()]
    maps = (*family_of(CLASSES[native_type(checkpoint, loader)]).key_map, *loader.key_map, *EXPERTS)
    # What is no parameter of the native class, such as an old mask's buffer, is not loaded and may hold it.
    damaged = {_native_name(name, names, maps) for name in wrong}
    first = next((name for name in names if name in damaged), None)
    if first is not None:
        with of_check("finite"):
            raise not_finite(member, first)
    return total.hexdigest()


def _native_name(stored: str, names: Sequence[str], maps: Sequence[tuple[str, str]]) -> str | None:
    """What the native class calls a stored parameter; the base model's may lack the class's prefix."""
    for pattern, replacement in maps:
        stored = re.sub(pattern, replacement, stored, count=1)
    return next((name for name in names if name == stored or name.endswith(f".{stored}")), None)


def _read(path: Path, dtype: torch.dtype) -> tuple[bytes, list[str]]:
    """SHA-256 of a safetensors file, and the names of its tensors that are not finite when loaded so."""
    digest, wrong = hashlib.sha256(), []
    with path.open("rb") as file:
        size = file.read(8)
        written = file.read(int.from_bytes(size, "little"))
        digest.update(size)
        digest.update(written)
        header: dict[str, Any] = json.loads(written)
        header.pop("__metadata__", None)
        for name, about in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            start, end = about["data_offsets"]
            finite = True
            for piece in _pieces(file, end - start):
                digest.update(piece)
                if about["dtype"] in DTYPES and finite:
                    numbers = torch.frombuffer(piece, dtype=DTYPES[about["dtype"]])
                    finite = bool(numbers.to(dtype).isfinite().all())
            if not finite:
                wrong.append(name)
    return digest.digest(), wrong


def _pieces(file: BinaryIO, length: int) -> Iterator[bytearray]:
    """So many bytes in pieces, each of whole numbers."""
    for start in range(0, length, PIECE):
        yield bytearray(file.read(min(PIECE, length - start)))
