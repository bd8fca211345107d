"""Arrays over a graph on disk: safetensors, with the names of their axes."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ...errors import MechshiftError, NotComputable
from ...files import replacing
from .graph import Graph

FORMAT = "2"
"""Version of the layout written here."""


def write_arrays(
    path: Path, kind: str, graph: Graph, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]
) -> None:
    """Write arrays over a graph as safetensors, whole or not at all: the same content, the same bytes.

    `kind` is what they are, `about` what else the header says. Raises OutputError where that fails.
    """
    header = {
        "format": f"{kind} {FORMAT}",
        "graph": dataclasses.asdict(graph),
        "sources": graph.source_names,
        "destinations": graph.destination_names,
        **about,
    }
    # One key: safetensors writes several in an order that differs from run to run.
    metadata = {"mechshift": json.dumps(header, sort_keys=True)}
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with replacing(path) as partial:
        save_file(contiguous, partial, metadata)


def read_arrays(
    path: Path, kind: str, names: tuple[str, ...]
) -> tuple[Graph, dict[str, NDArray[Any]], Mapping[str, Any]]:
    """Graph, tensors and header of a file of the given kind, its axes' names verified."""
    with understood(path), safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["mechshift"])
        graph = Graph(**header["graph"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found, axes = header["format"], (tuple(header["sources"]), tuple(header["destinations"]))
    if found != f"{kind} {FORMAT}":
        raise broken(path, f"it is a {found!r}, not a '{kind} {FORMAT}'")
    if set(tensors) != set(names):
        raise broken(path, f"it holds {', '.join(sorted(tensors))}, not {', '.join(sorted(names))}")
    if axes != (graph.source_names, graph.destination_names):
        raise broken(path, "the names of its axes are not those of its graph")
    return graph, tensors, header


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn what a strange file can cause into an error about the file."""
    try:
        yield
    except (MechshiftError, SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise broken(path, f"{error}" or type(error).__name__) from error


def broken(path: Path, reason: str) -> NotComputable:
    """The error for a file that is not what it should be."""
    return NotComputable(
        f"{path} cannot be read: {reason}", "name a file that mechshift wrote, or make it again"
    )
