"""Transformers written out in plain torch and float64, with the rules of the backward pass built in.

Nothing of a native class runs here: weights are read by their published names, every destination reads a
stream of its own, and every head is computed by itself. Nothing of the package is used but the graph's order.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from build.rotary import frequencies, query_sizes
from mechshift.benchmark.circuits.batch import Batch

Named = Literal["chain", "relp", "gim"]
Read = Callable[[int, Tensor, list[Tensor]], Tensor]
"""What a destination, by its number, reads, given the residual stream and what was written so far."""


class _Times(torch.autograd.Function):
    """A value whose gradient is multiplied by a number."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, by: float) -> Tensor:
        ctx.by = by
        return value.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * ctx.by, None


class _SoftmaxAtTwo(torch.autograd.Function):
    """A softmax whose backward pass is that of a softmax at temperature 2, Jacobian p_i (δ_ij − p_j)."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        ctx.save_for_backward(scores)
        return scores.softmax(-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        p = (ctx.saved_tensors[0] / 2).softmax(-1)
        jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
        return (jacobian @ gradient[..., None]).squeeze(-1)


def silu(x: Tensor) -> Tensor:
    return x / (1 + torch.exp(-x))


def gelu_new(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@dataclass
class WrittenOut:
    """A model of a native class, causal or bidirectional, under named rules."""

    model: Any
    causal: bool
    rules: Named = "chain"

    def __post_init__(self) -> None:
        self.config = self.model.config
        self.weights = {name: each.detach().double() for name, each in self.model.named_parameters()}
        self.is_gpt2 = self.config.model_type == "gpt2"
        self.heads = self.config.num_attention_heads
        self.kv_heads = self.heads if self.is_gpt2 else self.config.num_key_value_heads
        fallback = self.config.hidden_size // self.heads
        self.head_dim = getattr(self.config, "head_dim", None) or fallback

    def embed(self, tokens: Tensor) -> Tensor:
        return self.weights["transformer.wte.weight" if self.is_gpt2 else "model.embed_tokens.weight"][tokens]

    def values(self, batch: Batch, embeddings: Tensor, read: Read) -> tuple[Tensor, list[Tensor]]:
        """The metric of each example, and what each source wrote."""
        written = [embeddings]
        stream = embeddings
        if self.is_gpt2:
            stream = stream + self.weights["transformer.wpe.weight"][: embeddings.shape[1]]
        destination = 0
        for layer in range(self.config.num_hidden_layers):
            name = f"transformer.h.{layer}." if self.is_gpt2 else f"model.layers.{layer}."
            inputs = []
            for _ in range(self.heads + 2 * self.kv_heads):
                inputs.append(read(destination, stream, written))
                destination += 1
            heads, bias = self._attention(name, inputs)
            written += heads
            stream = stream + sum(heads) + bias
            mlp = self._mlp(name, read(destination, stream, written))
            destination += 1
            written.append(mlp)
            stream = stream + mlp
        name = "transformer.ln_f" if self.is_gpt2 else "model.norm"
        final = self._norm(name, read(destination, stream, written))
        head = self.weights.get("lm_head.weight")
        logits = final[batch.read_row, batch.read_position] @ head.T  # type: ignore[union-attr]
        return batch.metric(logits), written

    def _norm(self, name: str, x: Tensor) -> Tensor:
        if self.is_gpt2:
            x = x - x.mean(-1, keepdim=True)
            epsilon = self.config.layer_norm_epsilon
        else:
            epsilon = self.config.rms_norm_eps
        scale = torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon)
        if self.rules != "chain":
            scale = scale.detach()
        y = x / scale * self.weights[name + ".weight"]
        return y + self.weights[name + ".bias"] if self.is_gpt2 else y

    def _attention(self, name: str, inputs: list[Tensor]) -> tuple[list[Tensor], Tensor | float]:
        """What each head writes, and the bias that belongs to none."""
        q, k, v = (
            [self._projected(name, which, number, x) for number, x in enumerate(part)]
            for which, part in (
                ("q", inputs[: self.heads]),
                ("k", inputs[self.heads : self.heads + self.kv_heads]),
                ("v", inputs[self.heads + self.kv_heads :]),
            )
        )
        out = self.weights[name + ("attn.c_proj.weight" if self.is_gpt2 else "self_attn.o_proj.weight")]
        out = out if self.is_gpt2 else out.T
        heads = []
        for head in range(self.heads):
            group = head // (self.heads // self.kv_heads)
            query, key, value = q[head], k[group], v[group]
            if self.rules == "gim":
                query, key, value = (
                    _Times.apply(query, 0.25),
                    _Times.apply(key, 0.25),
                    _Times.apply(value, 0.5),
                )
            mixed = self._pattern(query @ key.transpose(1, 2) / math.sqrt(self.head_dim)) @ value
            heads.append(mixed @ out[head * self.head_dim : (head + 1) * self.head_dim])
        return heads, self.weights[name + "attn.c_proj.bias"] if self.is_gpt2 else 0.0

    def _pattern(self, scores: Tensor) -> Tensor:
        if self.causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(later, -1e30)
        if self.rules == "gim":
            return _SoftmaxAtTwo.apply(scores)
        pattern = scores.softmax(-1)
        return pattern.detach() if self.rules == "relp" else pattern

    def _projected(self, name: str, which: str, number: int, x: Tensor) -> Tensor:
        """A head's query, key or value [rows, tokens, head_dim], ready to be multiplied."""
        columns = slice(number * self.head_dim, (number + 1) * self.head_dim)
        if self.is_gpt2:
            width = self.config.hidden_size
            start = "qkv".index(which) * width
            weight = self.weights[name + "attn.c_attn.weight"][:, start : start + width][:, columns]
            bias = self.weights[name + "attn.c_attn.bias"][start : start + width][columns]
            return self._norm(name + "ln_1", x) @ weight + bias
        normed = self._norm(name + "input_layernorm", x)
        y = normed @ self.weights[f"{name}self_attn.{which}_proj.weight"][columns].T
        added = self.weights.get(f"{name}self_attn.{which}_proj.bias")
        y = y if added is None else y + added[columns]
        if which == "v":
            return y
        if f"{name}self_attn.{which}_norm.weight" in self.weights:
            y = self._norm(f"{name}self_attn.{which}_norm", y)
        rotated = self._rotated(y)
        sizes = query_sizes(x.shape[1], self.config.rope_parameters)
        return rotated * sizes[:, None] if which == "q" else rotated

    def _rotated(self, x: Tensor) -> Tensor:
        """Pairs (x_i, x_{i+d/2}) turned by the angle position · frequency i."""
        half = self.head_dim // 2
        turns = frequencies(self.head_dim, self.config.rope_parameters)
        angle = torch.arange(x.shape[1]).double()[:, None] * turns
        a, b = x[..., :half], x[..., half:]
        return torch.cat(
            [a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()],
            dim=-1,
        )

    def _mlp(self, name: str, x: Tensor) -> Tensor:
        if self.is_gpt2:
            normed = self._norm(name + "ln_2", x)
            inner = normed @ self.weights[name + "mlp.c_fc.weight"] + self.weights[name + "mlp.c_fc.bias"]
            act = self._activated(inner, gelu_new)
            return act @ self.weights[name + "mlp.c_proj.weight"] + self.weights[name + "mlp.c_proj.bias"]
        normed = self._norm(name + "post_attention_layernorm", x)
        if name + "mlp.gate.weight" in self.weights:
            return self._experts(name, normed)
        gate, up, down = (self.weights[f"{name}mlp.{each}_proj.weight"] for each in ("gate", "up", "down"))
        return self._gated(normed, gate, up) @ down.T

    def _experts(self, name: str, x: Tensor) -> Tensor:
        """Every expert of every token, weighted by the router, most of them with 0."""
        probability = (x @ self.weights[name + "mlp.gate.weight"].T).softmax(-1)
        chosen = probability.topk(self.config.num_experts_per_tok, dim=-1)
        weight = torch.zeros_like(probability).scatter(-1, chosen.indices, chosen.values)
        weight = weight / weight.sum(-1, keepdim=True)
        both, down = (self.weights[f"{name}mlp.experts.{each}_proj"] for each in ("gate_up", "down"))
        total = torch.zeros_like(x)
        for expert in range(len(both)):
            gate, up = both[expert].chunk(2)
            total = total + weight[..., expert, None] * (self._gated(x, gate, up) @ down[expert].T)
        return total

    def _gated(self, x: Tensor, gate: Tensor, up: Tensor) -> Tensor:
        one, other = x @ gate.T, x @ up.T
        if self.rules == "gim":
            one, other = _Times.apply(one, 0.5), _Times.apply(other, 0.5)
        product = self._activated(one, silu) * other
        return product / 2 + (product / 2).detach() if self.rules == "relp" else product

    def _activated(self, x: Tensor, act: Callable[[Tensor], Tensor]) -> Tensor:
        return x * (act(x) / x).detach() if self.rules == "relp" else act(x)


def written_scores(
    model: Any, causal: bool, rules: Named, batch: Batch, points: tuple[float, ...] = (1.0,)
) -> Tensor:
    """Scores of every pair of source and destination, summed over examples: everything is materialised."""
    plain, ruled = WrittenOut(model, causal), WrittenOut(model, causal, rules)
    clean, corrupted = plain.embed(batch.clean), plain.embed(batch.corrupted)
    differences = torch.stack(
        [a - b for a, b in zip(*(_wrote(plain, batch, each) for each in (clean, corrupted)), strict=True)]
    )
    destinations = count_destinations(plain)
    mean = torch.zeros(destinations, *clean.shape, dtype=torch.double)
    for point in points:
        probes = torch.zeros_like(mean, requires_grad=True)

        def probed(number: int, stream: Tensor, _: list[Tensor], probes: Tensor = probes) -> Tensor:
            return stream + probes[number]

        values, _ = ruled.values(batch, corrupted + point * (clean - corrupted), probed)
        (gradient,) = torch.autograd.grad(values.sum(), probes)
        mean += gradient / len(points)
    return torch.einsum("srtd,vrtd->sv", differences, mean)


def written_effects(model: Any, causal: bool, batch: Batch, edges: list[tuple[int, int]]) -> Tensor:
    """What the metric of each example loses with one edge corrupted, [edges, examples]."""
    written = WrittenOut(model, causal)
    clean, corrupted = written.embed(batch.clean), written.embed(batch.corrupted)
    reference = _wrote(written, batch, corrupted)
    whole, _ = written.values(batch, clean, unchanged)
    found = []
    for source, destination in edges:

        def one(
            number: int, stream: Tensor, so_far: list[Tensor], at: tuple[int, int] = (source, destination)
        ):
            return stream - so_far[at[0]] + reference[at[0]] if number == at[1] else stream

        found.append(whole - written.values(batch, clean, one)[0])
    return torch.stack(found)


def count_destinations(written: WrittenOut) -> int:
    layers = written.config.num_hidden_layers
    return layers * (written.heads + 2 * written.kv_heads + 1) + 1


def unchanged(_: int, stream: Tensor, __: list[Tensor]) -> Tensor:
    return stream


def _wrote(written: WrittenOut, batch: Batch, embeddings: Tensor) -> list[Tensor]:
    return [each.detach() for each in written.values(batch, embeddings, unchanged)[1]]
