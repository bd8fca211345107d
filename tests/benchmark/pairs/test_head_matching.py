"""Heads that changed places are found again by their weights, and unrelated heads are left where they are."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from build.heads import move_heads
from build.models import KINDS
from build.models import random_member as build_member
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.head_matching import HeadMatching, maps_of, match_heads
from mechshift.benchmark.pairs.member import Member


def with_heads_moved(member: Member, layer: int, groups: list[int], within: list[int]) -> Member:
    """The same function with a layer's key/value heads in another order, and the heads of each too."""
    moved = replace(member, backbone=read_backbone(copy.deepcopy(member.backbone.model)))
    move_heads(moved.backbone, layer, groups, within)
    return moved


def matched(first: Member, second: Member) -> HeadMatching:
    return match_heads(maps_of(first), maps_of(second), first.backbone.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_moved_heads_are_found_in_every_class(kind: str) -> None:
    first = build_member(kind, heads=4)
    shape = first.backbone.shape
    groups = list(range(shape.kv_heads))[::-1]
    within = list(range(shape.heads // shape.kv_heads))[::-1]
    second = with_heads_moved(first, 1, groups, within)
    ids = torch.arange(3, 11)[None]
    with torch.no_grad():
        same = [each.backbone.model(input_ids=ids, use_cache=False).logits for each in (first, second)]
    torch.testing.assert_close(*same)

    found = matched(first, second)

    # A reversed order is its own inverse.
    assert found.heads[0].tolist() == list(range(4))
    assert found.heads[1].tolist() == [3, 2, 1, 0]
    assert found.kv_heads[1].tolist() == groups
    assert found.moved == 4


def test_an_order_that_is_not_its_own_inverse_is_told_from_the_first_to_the_second() -> None:
    first = build_member("llama", heads=4)
    found = matched(first, with_heads_moved(first, 0, [1, 2, 3, 0], [0]))
    # The second model's head 0 is the first one's 1, so the first one's 0 is the second model's 3.
    assert found.heads[0].tolist() == [3, 0, 1, 2]


def test_heads_are_found_under_the_changes_of_post_training() -> None:
    first = build_member("llama", heads=4)
    second = with_heads_moved(first, 0, [2, 0, 3, 1], [0])
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in second.backbone.model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter += 0.5 * parameter.norm() / noise.norm() * noise
    assert matched(first, second).heads[0].tolist() == [1, 3, 0, 2]


def test_heads_of_unrelated_models_keep_their_indices() -> None:
    first, second = (build_member("llama", heads=4, seed=seed) for seed in (0, 1))
    found = matched(first, second)
    assert found.moved == 0
    assert found.kv_heads.tolist() == [[0, 1, 2, 3]] * first.backbone.shape.layers


@pytest.mark.parametrize("kv_heads", [2, 4])
def test_relabelled_scores_are_those_of_the_named_heads(kv_heads: int) -> None:
    graph = Graph(layers=2, heads=4, kv_heads=kv_heads)
    scores = np.random.default_rng(0).normal(size=graph.mask.shape)
    repeats = 4 // kv_heads
    groups = np.array([list(range(kv_heads)), list(range(kv_heads))[::-1]])
    heads = np.array([[repeats * g + h for g in row for h in range(repeats)] for row in groups])
    found = graph.relabelled(scores, heads, groups)

    def renamed(name: str) -> str:
        """By name, as the order of the axes is what is tested."""
        if not name.startswith("a1."):
            return name
        shared = kv_heads < 4 and name[3] == "g"
        order = groups[1] if shared else heads[1]
        return f"{name[:4]}{order[int(name[4])]}{name[5:]}"

    sources = [graph.source_names.index(renamed(name)) for name in graph.source_names]
    destinations = [graph.destination_names.index(renamed(name)) for name in graph.destination_names]
    for row, source in enumerate(sources):
        for column, destination in enumerate(destinations):
            assert found[row, column] == scores[source, destination]
