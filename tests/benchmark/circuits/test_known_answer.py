"""A GPT-2 whose weights are set by hand so that five known edges, and nothing else, continue a pattern."""

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.backbones import read_backbone
from mechshift.benchmark.pairs.member import Member

LETTERS, POSITIONS, HEAD = 10, 8, 20
TOKEN, POSITION, PREVIOUS, COPY = 0, 10, 20, 30  # where each block of the residual stream starts
WIDTH = 40

EDGES = {
    "input->a0.h0<v>",  # the previous-token head moves the token before each position …
    "a0.h0->a1.h1<k>",  # … by which the copying head finds what followed …
    "input->a1.h1<q>",  # … an earlier occurrence of the present token,
    "input->a1.h1<v>",  # and takes it …
    "a1.h1->logits",  # … to the output.
}


def block(start: int, size: int, rows: int, shift: int = 0) -> Tensor:
    """[WIDTH, rows]: entry i of a block of the stream to entry i + shift of a head."""
    matrix = torch.zeros(WIDTH, rows)
    for i in range(size):
        if 0 <= i + shift < rows:
            matrix[start + i, i + shift] = 1
    return matrix


def hand_made_member() -> Member:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=LETTERS,
        n_positions=POSITIONS,
        n_embd=WIDTH,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
        tie_word_embeddings=False,
    )
    model = GPT2LMHeadModel(config).eval()  # heads and MLPs that are not set below stay small noise
    base = model.transformer
    with torch.no_grad():
        base.wte.weight.copy_(block(TOKEN, LETTERS, LETTERS).T)
        base.wpe.weight.copy_(block(POSITION, POSITIONS, POSITIONS).T)
        model.lm_head.weight.copy_(4 * block(COPY, LETTERS, LETTERS).T)
        # Query of position t meets key of position t − 1; what is read there goes to PREVIOUS.
        set_head(
            base.h[0].attn, 0, block(POSITION, POSITIONS, HEAD), block(POSITION, POSITIONS, HEAD, 1), PREVIOUS
        )
        # Query of a token meets the key of the position whose previous token it is.
        set_head(base.h[1].attn, 1, block(TOKEN, LETTERS, HEAD), block(PREVIOUS, LETTERS, HEAD), COPY)
    return Member("arm", read_backbone(model), Attention("causal"), shift=True, mask_id=LETTERS)


def set_head(attention: torch.nn.Module, head: int, query: Tensor, key: Tensor, target: int) -> None:
    """Give one head its sharp query-key match, and let it copy the token it attends to into a block."""
    columns = slice(head * HEAD, (head + 1) * HEAD)
    attention.c_attn.weight[:, columns] = 2 * query
    attention.c_attn.weight[:, WIDTH:][:, columns] = 2 * key
    attention.c_attn.weight[:, 2 * WIDTH :][:, columns] = block(TOKEN, LETTERS, HEAD)
    attention.c_proj.weight[columns] = block(target, LETTERS, HEAD).T


def copying_batch() -> Batch:
    """w A B x C D y A asks for B; corrupted so that D follows A, or C is asked about, or D stands for B."""
    rng = np.random.default_rng(0)
    clean, corrupted, answers = [], [], []
    for index in range(48):
        a, b, c, d, w, x, y = (int(letter) for letter in rng.permutation(LETTERS)[:7])
        clean.append([w, a, b, x, c, d, y, a])
        variants = [[w, c, b, x, a, d, y, a], [w, a, b, x, c, d, y, c], [w, a, d, x, c, b, y, a]]
        corrupted.append(variants[index % 3])
        answers.append([b, d])
    index = torch.arange(len(clean))
    answer, foil = torch.tensor(answers).T
    metric = LogitDifference(index, answer, foil, len(clean))
    return Batch(
        torch.tensor(clean), torch.tensor(corrupted), index, torch.full_like(index, 7), metric, index % 3
    )


def test_the_hand_made_model_copies() -> None:
    member, batch = hand_made_member(), copying_batch()
    with torch.no_grad():
        logits = member.logits(member.hidden(member.embed(batch.clean))[:, -1])
    assert isinstance(batch.metric, LogitDifference)
    assert logits.argmax(dim=-1).tolist() == batch.metric.answer.tolist()
    clean, corrupted = whole_model(member, batch)
    assert clean.min() > 1
    assert corrupted.max() < -1


@pytest.mark.parametrize("rule", ["left", "right", "midpoint"])
def test_every_edge_of_the_known_circuit_ranks_above_every_other(rule: str) -> None:
    found = attribute(hand_made_member(), [copying_batch()], Integration(rule, 10), groups=3)
    graph = Graph(2, 2, 2)
    edges = graph.select(found.scores(), len(EDGES), by="signed")
    assert set(graph.edge_names(edges)) == EDGES
    assert set(graph.edge_names(graph.select(found.scores(), len(EDGES)))) == EDGES
    np.testing.assert_array_equal(graph.prune(edges), edges)


def test_the_known_circuit_alone_does_the_task_and_needs_each_of_its_edges() -> None:
    member, batch = hand_made_member(), copying_batch()
    graph = Graph(2, 2, 2)
    known = np.zeros_like(graph.mask)
    for name in EDGES:
        source, destination = name.split("->")
        known[graph.source_names.index(source), graph.destination_names.index(destination)] = True
    without = np.stack([known & ~edge for edge in one_by_one(known)])
    clean, corrupted = (values.mean() for values in whole_model(member, batch))
    whole, *rest = run_circuits(member, batch, np.stack([known, *without])).mean(axis=1)
    assert (whole - corrupted) / (clean - corrupted) == pytest.approx(1, abs=0.05)
    assert all((value - corrupted) / (clean - corrupted) < 0.8 for value in rest)


def one_by_one(edges: np.ndarray) -> list[np.ndarray]:
    single = []
    for source, destination in np.argwhere(edges):
        edge = np.zeros_like(edges)
        edge[source, destination] = True
        single.append(edge)
    return single
