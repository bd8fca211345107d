"""Files of arrays as they are kept, and what others could put in their place."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mechshift.errors import NotComputable

LARGEST = 2**26
"""Bytes that reading a small file may take."""


def change(path: Path, tensors: dict[str, Any] | None = None, header: dict[str, Any] | None = None) -> None:
    """Write a file again with other tensors and entries of its header; None takes one away."""
    stored = load_file(path)
    with safe_open(path, framework="pt") as file:
        told = json.loads(file.metadata()["mechshift"])
    stored |= {name: torch.as_tensor(value) for name, value in (tensors or {}).items() if value is not None}
    told |= header or {}
    stored = {name: value for name, value in stored.items() if (tensors or {}).get(name, 0) is not None}
    told = {name: value for name, value in told.items() if value is not None}
    save_file(stored, path, {"mechshift": json.dumps(told)})


def with_header(path: Path, text: str | None) -> None:
    """Write a file again with another header, or none."""
    save_file(load_file(path), path, None if text is None else {"mechshift": text})


def refusal(load: Callable[[Path], object], path: Path) -> str:
    """What a file is refused for: in words that name it, and without much memory."""
    tracemalloc.start()
    try:
        with pytest.raises(NotComputable) as raised:
            load(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < LARGEST
    start = f"{path} cannot be read: "
    assert raised.value.problem.startswith(start)
    assert "delete" not in raised.value.remedy
    reason = raised.value.problem.removeprefix(start)
    assert reason
    assert "\n" not in reason
    assert str(path) not in reason
    return reason


GRAPHS = {
    "a float": {"layers": 2.0, "heads": 4, "kv_heads": 2},
    "a truth value": {"layers": True, "heads": 4, "kv_heads": 2},
    "a text": {"layers": "2", "heads": 4, "kv_heads": 2},
    "many layers": {"layers": 10**9, "heads": 4, "kv_heads": 2},
    "more layers than a machine's integers": {"layers": 10**40, "heads": 4, "kv_heads": 2},
    "many heads": {"layers": 2, "heads": 10**12, "kv_heads": 2},
    "a negative number": {"layers": -2, "heads": 4, "kv_heads": 2},
    "a negative number of heads": {"layers": 2, "heads": -4, "kv_heads": -2},
    "no layer": {"layers": 0, "heads": 4, "kv_heads": 2},
    "heads that cannot be shared out": {"layers": 2, "heads": 4, "kv_heads": 3},
    "another graph": {"layers": 2, "heads": 4, "kv_heads": 4},
    "a number too few": {"layers": 2, "heads": 4},
    "a number too many": {"layers": 2, "heads": 4, "kv_heads": 2, "depth": 2},
    "a list": [2, 4, 2],
    "nothing": None,
}
"""What else a header could say of a graph of two layers, four heads and two key/value heads."""

HEADERS = {
    "none": None,
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "1e999",
    "without a format": "{}",
    "a format that is no text": '{"format": 2}',
    "deep lists": "[" * 100_000,
    "deep lists that end": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"format":' * 100_000 + "2" + "}" * 100_000,
}
"""What could stand for a header."""
