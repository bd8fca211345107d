"""Arrays over a graph on disk: safetensors, with the names of their axes."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ...errors import MechshiftError, NotComputable
from ...files import replacing
from .graph import Graph

FORMAT = "2"
"""Version of the layout written here."""

REDUCED, REDUCED_FORMAT = "reduced-", "1"
"""What stands before the kind of a file whose arrays take less room, and the version of its layout."""

LARGEST_HEADER = 8 * 2**20
"""Bytes of a file's header; the names of a graph of 70B parameters' axes have a fifth of a MiB."""

KEY = "mechshift"
"""Where the header stands among a file's metadata."""


class Strict(BaseModel):
    """A part of a header: an integer is an integer, and no field is there that is not declared."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class GraphHeader(Strict):
    """A graph, as a header declares it."""

    layers: int
    heads: int
    kv_heads: int


class Header(Strict):
    """What is said of the arrays of a file; each kind of file adds what is its own."""

    format: str
    graph: GraphHeader
    sources: tuple[str, ...]
    destinations: tuple[str, ...]


class Declaration(BaseModel):
    """What the header of a file says of sizes; `shapes`: of its tensors, as they are kept.

    `step`: the precision of scores in reduced form, None for all else.
    """

    format: str
    graph: GraphHeader
    templates: tuple[str, ...]
    step: float | None = None
    shapes: dict[str, tuple[int, ...]] = {}

    @property
    def kind(self) -> str:
        """What the file holds, in whichever version and form."""
        return self.format.partition(" ")[0].removeprefix(REDUCED)

    @property
    def reduced(self) -> bool:
        """Whether its arrays are kept in reduced form."""
        return self.format.startswith(REDUCED)


class _Format(BaseModel):
    format: str


H = TypeVar("H", bound=Header)


def write_arrays(
    path: Path,
    kind: str,
    graph: Graph,
    tensors: Mapping[str, NDArray[Any]],
    about: Mapping[str, Any],
) -> None:
    """Write arrays over a graph as safetensors, whole or not at all: the same content, the same bytes.

    `kind` is what they are, `about` what else the header says. Raises OutputError where that fails.
    """
    header = {
        "format": _format(kind),
        "graph": dataclasses.asdict(graph),
        "sources": graph.source_names,
        "destinations": graph.destination_names,
        **about,
    }
    # One key: safetensors writes several in an order that differs from run to run.
    metadata = {KEY: json.dumps(header, sort_keys=True)}
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with replacing(path) as partial:
        save_file(contiguous, partial, metadata)


def read_arrays(
    path: Path,
    kind: str,
    header: type[H],
    dtypes: Mapping[str, str],
    optional: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Graph, dict[str, NDArray[Any]], H]:
    """Graph, tensors and header of a file of the given kind, its axes' names verified.

    `dtypes`: safetensors' name for the numbers of each tensor that such a file has, such as `F64` or `BOOL`;
    `optional`: of those that it may have. Raises NotComputable for anything else. Shapes are left to the
    caller, who has to compare them with the graph's sizes before its mask is made: a small file can declare a
    large graph.
    """
    with _opened(path) as (file, text):
        # Only the format at first, so that a file of another kind or version is reported as such and not as
        # a header with wrong fields.
        found = _Format.model_validate_json(text).format
        if found != _format(kind):
            raise broken(path, f"it is a {found!r}, not a {_format(kind)!r}")
        declared = header.model_validate_json(text)
        graph = _graph(path, declared)
        names = set(file.keys())
        expected = {**dtypes, **{name: dtype for name, dtype in optional.items() if name in names}}
        if names != set(expected):
            raise broken(path, f"it holds {', '.join(sorted(names))}, not {', '.join(sorted(dtypes))}")
        for name, dtype in expected.items():
            # Before the tensor is read: numpy lacks some of safetensors' kinds of numbers.
            if file.get_slice(name).get_dtype() != dtype:
                raise broken(path, f"its {name} are {file.get_slice(name).get_dtype()}, not {dtype}")
        return graph, {name: file.get_tensor(name) for name in expected}, declared


def read_declaration(path: Path) -> Declaration:
    """What a file of scores or of a sweep declares, in either form; none of its arrays is read.

    Raises NotComputable for any other file.
    """
    with _opened(path) as (file, text):
        names = tuple(file.keys())
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
        return Declaration.model_validate_json(text).model_copy(update={"shapes": shapes})


def kind_of(path: Path) -> str:
    """What a file written here holds, in whichever version and form.

    Raises NotComputable for any other file.
    """
    with _opened(path) as (_, text):
        return _Format.model_validate_json(text).format.partition(" ")[0].removeprefix(REDUCED)


def is_reduced(path: Path) -> bool:
    """Whether a file written here keeps its arrays in reduced form. Raises NotComputable as `kind_of`."""
    with _opened(path) as (_, text):
        return _Format.model_validate_json(text).format.startswith(REDUCED)


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn what a strange file can cause into an error about the file."""
    try:
        yield
    except NotComputable:
        raise
    except MechshiftError as error:
        raise broken(path, error.problem) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "its header"
        raise broken(path, f"{place}: {first['msg']}") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise broken(path, f"{error}" or type(error).__name__) from error


def broken(path: Path, reason: str) -> NotComputable:
    """The error for a file that is not what it should be."""
    return NotComputable(
        f"{path} cannot be read: {reason}", "name a file that mechshift wrote, or make it again"
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, str]]:
    """The open file and the text of its header."""
    with understood(path):
        # A pipe would be waited for.
        if not path.is_file():
            raise broken(path, "it is no file" if path.exists() else "there is no such file")
        with path.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
        if length > LARGEST_HEADER:
            raise broken(path, f"its header has more than {LARGEST_HEADER:,} bytes")
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise broken(path, "it has no header of mechshift's")
            yield file, text


def _format(kind: str) -> str:
    return f"{kind} {REDUCED_FORMAT if kind.startswith(REDUCED) else FORMAT}"


def _graph(path: Path, header: Header) -> Graph:
    """The graph of a header, the names of its axes verified."""
    graph = Graph(**header.graph.model_dump())
    # Numbers first: a graph's names are made only where the file has as many.
    numbers = (len(header.sources), len(header.destinations)) == (graph.sources, graph.destinations)
    if not numbers or (header.sources, header.destinations) != (graph.source_names, graph.destination_names):
        raise broken(path, "the names of its axes are not those of its graph")
    return graph
