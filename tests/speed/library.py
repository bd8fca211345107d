"""Attribution beside the EAP-IG library (github.com/hannamw/EAP-IG), where it is installed: no dependency.

The same GPT-2 with the same random weights, the same prompts, the same points of integration: times take
turns in one process, peaks of memory are each of a process of its own, and scores are compared edge by edge.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from speed.apart import apart
from speed.attribution import GROUPS, random_batch, random_member
from speed.peak import LINUX, NOT_LINUX, growth
from speed.results import Found, Reading, reading
from speed.timing import Asked, Work, in_turn, ratio

NEEDED = ("eap", "transformer_lens")
NAMES = ("the library / mechshift, time", "mechshift / the library, memory", "largest difference of a score")
LEAST_TIMES, MOST_APART = 25.0, 1e-5


def measured(asked: Asked) -> Found:
    """How many times as fast, with which share of the memory, and how far scores lie apart."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        reason = f"not installed here ({', '.join(absent)})"
        return Found(readings=tuple(Reading(name=name, missing=reason) for name in NAMES))
    prompts, tokens, steps, rounds = (2, 8, 2, 2) if asked.quick else (20, 20, 5, 3)
    works = _works(prompts, tokens, steps)
    times = in_turn({name: lambda work=work: work() for name, work in works.items()}, rounds, asked.seconds)
    own, other = (works[name]() for name in ("mechshift", "library"))
    apart_ = float(np.abs(own - other).max() / np.abs(own).max())
    memory = Reading(name=NAMES[1], missing=NOT_LINUX)
    if LINUX:
        held = [apart(_held, name, prompts, tokens, steps) for name in works]
        memory = ratio(NAMES[1], held[:1], held[1:])
    return Found(
        readings=(
            ratio(NAMES[0], times["library"], times["mechshift"], least=LEAST_TIMES),
            memory,
            reading(NAMES[2], [apart_], most=MOST_APART),
        ),
        notes=(
            f"GPT-2 small's shape, {prompts} prompts of {tokens} tokens, m = {steps}, left points; "
            f"TransformerLens {version('transformer_lens')}.",
        ),
    )


def _held(name: str, prompts: int, tokens: int, steps: int) -> float:
    """Bytes by which an attribution makes a process grow."""
    return float(growth(_works(prompts, tokens, steps)[name]))


def _works(prompts: int, tokens: int, steps: int) -> dict[str, Any]:
    """Both attributions of one model on one batch; each gives mean scores [sources, destinations]."""
    member, batch = random_member(), random_batch(prompts, tokens)
    hooked, graph = _hooked(member)

    def own() -> NDArray[np.float64]:
        return attribute(member, [batch], Integration("left", steps), GROUPS).scores()

    def other() -> NDArray[np.float64]:
        return _library_scores(hooked, graph, batch, steps)

    works: dict[str, Work] = {"mechshift": own, "library": other}
    return works


def _hooked(member: Member) -> tuple[Any, Any]:
    """The library's model with the member's weights, and its graph."""
    from eap.graph import Graph
    from transformer_lens import HookedTransformer, HookedTransformerConfig
    from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights

    config = member.backbone.model.config
    found = HookedTransformerConfig(
        n_layers=config.n_layer,
        d_model=config.n_embd,
        n_ctx=config.n_positions,
        d_head=config.n_embd // config.n_head,
        n_heads=config.n_head,
        d_mlp=config.n_inner,
        d_vocab=config.vocab_size,
        act_fn="gelu_new",
        eps=config.layer_norm_epsilon,
        normalization_type="LN",
        device="cpu",
    )
    # What the library needs to see each head's own input and output.
    found.use_attn_result = found.use_split_qkv_input = found.use_hook_mlp_in = True
    hooked = HookedTransformer(found)
    hooked.load_state_dict(convert_gpt2_weights(member.backbone.model, found), strict=False)
    return hooked, Graph.from_model(hooked)


def _library_scores(hooked: Any, graph: Any, batch: Batch, steps: int) -> NDArray[np.float64]:
    """Scores of the library, whose differences are corrupted − clean: it is given the metric's negative."""
    from eap.attribute import get_scores_eap_ig

    def tokenised(_: Any, tokens: Tensor, *__: Any) -> tuple[Tensor, Tensor, Tensor, int]:
        lengths = torch.full((len(tokens),), tokens.shape[1])
        return tokens, torch.ones_like(tokens), lengths, tokens.shape[1]

    def metric(logits: Tensor, *_: Any) -> Tensor:
        return -batch.metric(logits[batch.read_row, batch.read_position]).sum()

    loader = [(batch.clean, batch.corrupted, None)]
    with patch("eap.attribute.tokenize_plus", tokenised), _on_cpu():
        scores = get_scores_eap_ig(hooked, graph, loader, metric, steps=steps, quiet=True)
    found: NDArray[np.float64] = scores.double().numpy()
    return found


@contextmanager
def _on_cpu() -> Iterator[None]:
    """The library makes its scores on `cuda`; here they are made where there is no such device."""
    zeros = torch.zeros

    def here(*sizes: Any, device: Any = None, **named: Any) -> Tensor:
        return zeros(*sizes, device="cpu" if device == "cuda" else device, **named)

    with patch.object(torch, "zeros", here):
        yield
