"""Graphs of the EAP-IG library (github.com/hannamw/EAP-IG): its JSON written and read, its `.pt` read.

Nothing is made per edge but its text: a model of 7B has 1.6 million.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NotComputable, UsageError
from ...files import replacing
from ..circuits.circuit import Circuit
from ..circuits.graph import Edges, Graph, Scores
from .config import check_size, config_of, graph_of, refusing
from .torch_file import load_pt

BOOL = {False: "false", True: "true"}


def save_graph(path: Path, graph: Graph, edges: Edges, d_model: int, scores: Scores | None = None) -> None:
    """Write edges [sources, destinations], and their scores where given, as JSON, whole or not at all.

    `d_model`: the model's width. A node is in the circuit where it has kept edges in and out, `logits`
    always. Raises UsageError for a graph with shared key/value heads, NotComputable for scores that are not
    finite, OutputError where the file cannot be written.
    """
    if graph.kv_heads != graph.heads:
        raise UsageError(
            f"{graph.heads // graph.kv_heads} heads share a key/value input, and EAP-IG's graph has one each:"
            " a shared input's score is a sum over heads that does not say what each has",
            "run with a protocol that has kv = ungrouped (paper), or write circuits without scores, as "
            "MIB has them",
        )
    if scores is not None and not np.isfinite(scores[graph.mask]).all():
        raise NotComputable("some edge scores are not finite", "JSON has no such numbers")
    # Checked before the file is opened, and written row by row: the text of a 7B model's edges is over 100
    # MB.
    nodes = _nodes_in(graph, graph.checked(edges))
    with replacing(path) as partial, partial.open("w", encoding="utf-8") as file:
        file.write(f'{{"cfg":{json.dumps(config_of(graph, d_model))},"nodes":{json.dumps(nodes)},"edges":{{')
        for number, row in enumerate(_rows(graph, edges, scores)):
            file.write(f",{row}" if number else row)
        file.write("}}\n")


def load_graph(path: Path) -> Circuit:
    """The graph of a JSON or `.pt` file, as a circuit of the edges that are in it, not pruned.

    Its budget is their number: 0 for a file of scores alone. Scores are 0 where the file has none; `about`
    then says so. Raises NotComputable for a file that is damaged, too large, not finite, of parallel
    blocks, of nodes or neurons, or of anything else.
    """
    with refusing(path):
        check_size(path)
        graph, d_model, edges, scores = load_pt(path) if path.suffix == ".pt" else _load_json(path)
        about = {"format": "eap-ig", "file": path.name, "d_model": str(d_model)}
        if scores is None:
            scores, about["scores"] = np.zeros(graph.mask.shape), "none"
        return Circuit(graph, scores, graph.checked(edges), int(edges.sum()), about)


def _nodes_in(graph: Graph, edges: Edges) -> dict[str, dict[str, bool]]:
    """For each node, whether edges lead to it and from it."""
    read = np.any(edges, axis=0)[:-1].reshape(graph.layers, -1)
    heads = read[:, :-1].reshape(graph.layers, 3, graph.heads).any(axis=1)
    reached = np.append(True, np.column_stack([heads, read[:, -1]]).ravel())
    kept = [*(reached & np.any(edges, axis=1)).tolist(), True]
    return {name: {"in_graph": flag} for name, flag in zip(_nodes(graph), kept, strict=True)}


def _nodes(graph: Graph) -> tuple[str, ...]:
    return (*graph.source_names, "logits")


def _rows(graph: Graph, edges: Edges, scores: Scores | None) -> Iterator[str]:
    """The JSON of the edges from each source."""
    names = np.array(graph.destination_names, dtype=object)
    for row, source in enumerate(graph.source_names):
        there = graph.mask[row]
        destinations, kept = names[there].tolist(), edges[row, there].tolist()
        if scores is None:
            texts = ["" for _ in kept]
        else:
            texts = [f'"score":{score!r},' for score in scores[row, there].astype(np.float64).tolist()]
        yield ",".join(
            f'"{source}->{destination}":{{{text}"in_graph":{BOOL[flag]}}}'
            for destination, text, flag in zip(destinations, texts, kept, strict=True)
        )


def _load_json(path: Path) -> tuple[Graph, int, Edges, Scores | None]:
    # Python's parser takes NaN and Infinity, which JSON does not have.
    content = json.loads(path.read_bytes(), parse_constant=_not_finite)
    if not isinstance(content, dict) or not content.keys() >= {"cfg", "nodes", "edges"}:
        raise ValueError("it is no JSON object with cfg, nodes and edges")
    graph, d_model = graph_of(content["cfg"])
    nodes = _in_order(content["nodes"], "nodes", graph.sources + 1, partial(_nodes, graph))
    if any(entry.keys() & {"score", "neurons", "neurons_scores"} for entry in nodes):
        raise ValueError("it has scores of nodes or neurons, and only edges can be imported")
    _flags(nodes, "nodes")
    entries = _in_order(content["edges"], "edges", graph.edges, graph.edge_names)
    edges = np.zeros(graph.mask.shape, dtype=np.bool_)
    edges[graph.mask] = _flags(entries, "edges")
    values = _values(entries)
    if values is None:
        return graph, d_model, edges, None
    scores = np.zeros(graph.mask.shape)
    scores[graph.mask] = values
    return graph, d_model, edges, scores


def _not_finite(text: str) -> float:
    raise ValueError(f"it has the number {text}")


def _in_order(
    listed: object, kind: str, number: int, named: Callable[[], Sequence[str]]
) -> list[dict[str, Any]]:
    """The entries of all names, of which none may be missing and no other may be there."""
    if not isinstance(listed, dict):
        raise ValueError(f"its {kind} are no JSON object")
    if len(listed) < number:  # Before names are made, which a few bytes of cfg can ask for by the million.
        raise ValueError(f"it has {len(listed)} {kind}, and a graph of its cfg {number}")
    names = named()
    try:
        entries = [listed[name] for name in names]
    except KeyError as missing:
        raise ValueError(f"its {kind} lack {missing.args[0]}, which a graph of its cfg has") from None
    if len(listed) > len(names):
        strange = min(listed.keys() - set(names))
        raise ValueError(f"its {kind} have {strange[:40]!r}, which no graph of its cfg has")
    if set(map(type, entries)) != {dict}:
        raise ValueError(f"some of its {kind} are no JSON object")
    return entries


def _flags(entries: Iterable[dict[str, Any]], kind: str) -> NDArray[np.bool_]:
    flags = [entry.get("in_graph") for entry in entries]
    if set(map(type, flags)) != {bool}:
        raise ValueError(f"in_graph is not true or false for all of its {kind}")
    return np.array(flags, dtype=np.bool_)


def _values(entries: Sequence[dict[str, Any]]) -> NDArray[np.float64] | None:
    """The scores of the entries; None where none has any."""
    scored = [entry["score"] for entry in entries if "score" in entry]
    if not scored:
        return None
    if len(scored) < len(entries):
        raise ValueError(f"{len(entries) - len(scored)} of its {len(entries)} edges have no score")
    if not set(map(type, scored)) <= {int, float}:
        raise ValueError("some of its scores are no numbers")
    values = np.array(scored, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("some of its scores are not finite")
    return values
