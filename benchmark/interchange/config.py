"""How large a graph of the EAP-IG library is, as its `cfg` says, and what is refused of its files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import MechshiftError, NotComputable
from ..circuits.graph import Graph

LARGEST_FILE = 2**30
"""Bytes of the largest file that is read; the JSON of a model of 7B has 0.12 · 10⁹."""

LARGEST_GRAPH = 2**27
"""Sources × destinations of the largest graph that is read; a model of 70B has 0.8 · 10⁸."""


def config_of(graph: Graph, d_model: int) -> dict[str, int | bool]:
    """The `cfg` of a graph of a model that is `d_model` wide."""
    return {
        "n_layers": graph.layers,
        "n_heads": graph.heads,
        "parallel_attn_mlp": False,
        "d_model": d_model,
    }


def graph_of(config: object) -> tuple[Graph, int]:
    """The graph that a `cfg` describes, one key/value head per head, and the width of its model.

    Raises ValueError where it describes none, one of parallel blocks, or one that is too large to be read.
    """
    if not isinstance(config, dict):
        raise ValueError("its cfg is no dictionary")
    layers, heads, d_model = (_count(config, name) for name in ("n_layers", "n_heads", "d_model"))
    parallel = config.get("parallel_attn_mlp")
    if parallel is not False:
        raise ValueError(
            f"parallel_attn_mlp is {_said(parallel)}, and only sequential blocks can be imported"
        )
    graph = Graph(layers, heads, heads)
    if graph.sources * graph.destinations > LARGEST_GRAPH:
        raise ValueError(f"{layers} layers of {heads} heads are more than is read")
    return graph, d_model


def _count(config: dict[object, object], name: str) -> int:
    value = config.get(name)
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} in its cfg is {_said(value)}, no positive integer")
    return value


def _said(value: object) -> str:
    """A value as a message has it, in few characters."""
    # A few bytes of pickle can hold lists of lists that all are one: written out, they would have no end.
    if not isinstance(value, str | int | float | None):
        return f"a {type(value).__name__}"
    # Of more digits than these Python makes no text.
    return "a long integer" if isinstance(value, int) and value.bit_length() > 64 else repr(value)[:20]


def check_size(path: Path) -> None:
    """Raises ValueError for what is no file, or a larger one than is read; OSError where nothing is there."""
    # Before it is read: JSON needs many times its size in memory.
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("it is no file")
    if size > LARGEST_FILE:
        raise ValueError(f"it has {size} bytes, more than the {LARGEST_FILE} that are read")


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turns what a foreign or damaged file can cause into a NotComputable about the file."""
    try:
        yield
    except RecursionError as error:
        raise _refused(path, "it is nested too deeply") from error
    except (OSError, OverflowError, ValueError) as error:
        raise _refused(path, f"{error}") from error
    except MechshiftError as error:
        raise _refused(path, error.problem) from error


def _refused(path: Path, reason: str) -> NotComputable:
    return NotComputable(
        f"{path} cannot be imported: {reason}",
        "give the scores or circuits of edges as the EAP-IG library or MIB write them (docs/interchange.md)",
    )
