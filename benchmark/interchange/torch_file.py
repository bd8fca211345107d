"""The EAP-IG library's `.pt` files, read as tensors and plain values: no code in them is run."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..circuits.graph import Edges, Graph, Scores
from .config import graph_of

REQUIRED = ("cfg", "src_nodes", "dst_nodes", "edges_in_graph")
OTHER_LEVELS = {"nodes_scores", "neurons_in_graph", "neurons_scores"}


def load_pt(path: Path) -> tuple[Graph, int, Edges, Scores | None]:
    """Graph, width of the model, edges and scores [sources, destinations]; None for a file without scores.

    Raises ValueError for anything else than a graph of edges that are finite where the graph has any.
    """
    content = _content(path)
    graph, d_model = graph_of(content["cfg"])
    for name, expected in (("src_nodes", graph.source_names), ("dst_nodes", graph.destination_names)):
        found = content[name]
        # The matrices are read by position, so the order of the names has to be ours.
        if not isinstance(found, list | tuple) or tuple(found) != expected:
            raise ValueError(f"its {name} are not those of its cfg")
    edges = _matrix(content, "edges_in_graph", graph).astype(np.bool_)
    if "edges_scores" not in content:
        return graph, d_model, edges, None
    scores = np.where(graph.mask, _matrix(content, "edges_scores", graph), 0.0)
    if not np.isfinite(scores).all():
        raise ValueError("some of its scores are not finite")
    return graph, d_model, edges, scores


def _content(path: Path) -> dict[str, Any]:
    with _readable():
        _check_archive(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(content, dict) or not content.keys() >= set(REQUIRED):
        raise ValueError(f"it is no dictionary with {', '.join(REQUIRED)}")
    if content.keys() & OTHER_LEVELS:
        raise ValueError("it has scores of nodes or neurons, and only edges can be imported")
    return content


def _check_archive(path: Path) -> None:
    """Raises what `_readable` takes where it is no zip whose members lie in it as they are, as torch writes.

    Torch would unpack, and read as often as it is named, whatever a small file says that it holds.
    """
    # Of anything else torch makes an older form, in which a text may say that it has any length.
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            raise ValueError("it does not begin as an archive does")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("some of its members are compressed")
    if sum(member.file_size for member in members) > path.stat().st_size:
        raise ValueError("its members overlap")


def _matrix(content: dict[str, Any], name: str, graph: Graph) -> np.ndarray[Any, Any]:
    """A tensor of the content: booleans where it says which edges are kept, else float64."""
    tensor, flags = content[name], name == "edges_in_graph"
    if not isinstance(tensor, Tensor) or tensor.shape != graph.mask.shape:
        raise ValueError(f"its {name} are no tensor [{graph.sources}, {graph.destinations}]")
    if not (tensor.dtype == torch.bool if flags else tensor.is_floating_point()):
        raise ValueError(f"its {name} are {tensor.dtype}")
    with _readable():
        return np.asarray(tensor.detach().to(torch.bool if flags else torch.float64).numpy())


@contextmanager
def _readable() -> Iterator[None]:
    """A damaged file can make torch raise nearly anything, a pickle with code an UnpicklingError."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(
            "torch cannot read it as tensors and plain values: it is damaged, or a pickle that would run code"
        ) from error
