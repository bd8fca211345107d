"""One member of a pair, ready to be asked: a backbone with its attention, shift and mask token."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import DynamicCache

from .attention import Attention
from .backbones import Backbone
from .limits import part_of
from .unembedding import unembed

Role = Literal["arm", "mdm", "control", "noisy"]
"""What a member is in its pair; a control, and the ARM with noise, are ARMs that stand in the MDM's place."""

_CALLED = {"arm": "ARM", "mdm": "MDM", "control": "control", "noisy": "noisy ARM"}


@dataclass(frozen=True)
class Prefix:
    """What a causal model keeps of `tokens` tokens that stand before its inputs.

    `keys`, `values`: per layer [rows, key/value heads, tokens, head_dim], one row for each of the inputs, and
    where the layer is.
    """

    tokens: int
    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]

    def at(self, rows: Tensor) -> "Prefix":
        """Of those rows."""
        return Prefix(
            self.tokens,
            tuple(keys[rows.to(keys.device)] for keys in self.keys),
            tuple(values[rows.to(values.device)] for values in self.values),
        )

    def cache(self, times: int) -> DynamicCache:
        """A cache for one pass, its rows repeated as a stack of `times` inputs has them."""
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(zip(self.keys, self.values, strict=True)):
            cache.update(keys.repeat(times, 1, 1, 1), values.repeat(times, 1, 1, 1), layer)
        return cache


@dataclass(frozen=True)
class Member:
    """A loaded model and what was declared about it.

    `shift` tells that the logits for token i are read at i−1 (always so for an ARM). `mask_id` is the
    pair's mask token, excluded from every argmax and softmax of both members. `prefix` is what stands before
    all that it is given, see `behind`. `share`: how much it holds at once beside its weights, as in `Limits`.
    """

    role: Role
    backbone: Backbone
    attention: Attention
    shift: bool
    mask_id: int
    prefix: Prefix | None = None
    share: float = 1.0

    @property
    def autoregressive(self) -> bool:
        """Whether it is asked token by token from left to right, and never given a mask token."""
        return self.role != "mdm"

    @property
    def called(self) -> str:
        """What it is called in messages: ARM, MDM, control or noisy ARM."""
        return _CALLED[self.role]

    @property
    def has_mask_row(self) -> bool:
        """Whether the mask token is one of its tokens; that of a control, or a wrong one, need not be."""
        return 0 <= self.mask_id < self.backbone.shape.vocabulary

    @property
    def device(self) -> torch.device:
        """Where its inputs have to be, and what it gives is, wherever its layers are."""
        return self.backbone.device

    def part_of(self, amount: int) -> int:
        """Of an amount that is usually held at once what this member may hold, at least 1."""
        return part_of(amount, self.share)

    def readout(self, target: int) -> int:
        """The position at which the logits for the token at position `target` are read."""
        return target - 1 if self.shift else target

    def embed(self, tokens: Tensor) -> Tensor:
        """Token embeddings [rows, tokens, width] (no position embeddings) of ids [rows, tokens]."""
        embeddings: Tensor = self.backbone.embedding(tokens)
        return embeddings

    def hidden(
        self, embeddings: Tensor, tokens: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """The final norm's output [rows, tokens, width] for token embeddings of that shape.

        `tokens`: the ids [rows, tokens] that the embeddings are of, or one stack of rows of several; by them
        a member whose attention depends on it knows what is masked (None: nothing is). `lengths`: [rows]
        tokens of each row, behind which stands padding that no token sees (None: all of them); a member with
        a prefix takes none. Runs the unmodified native model under the member's attention. Behind a prefix
        the rows are its rows, or several stacks of them one after the other.
        """
        rows, length, _ = embeddings.shape
        before = 0 if self.prefix is None else self.prefix.tokens
        masked = torch.zeros(rows, before + length, dtype=torch.bool, device=embeddings.device)
        if tokens is not None:
            masked[:, before:] = (tokens == self.mask_id).repeat(rows // len(tokens), 1)
        cache = None if self.prefix is None else self.prefix.cache(rows // len(self.prefix.keys[0]))
        beyond = None
        if lengths is not None:
            assert self.prefix is None, "rows behind a prefix have one length"
            beyond = torch.arange(length, device=embeddings.device) >= lengths[:, None]
            masked &= ~beyond
        return self._run(embeddings, masked, cache, beyond)

    def _run(
        self, embeddings: Tensor, masked: Tensor, cache: DynamicCache | None, beyond: Tensor | None = None
    ) -> Tensor:
        """The base model on the last of the tokens that `masked` is of; the cache holds those before.

        `beyond`: boolean, as `masked`: the padding.
        """
        before = masked.shape[1] - embeddings.shape[1]
        mask = self.attention.mask(masked, embeddings.dtype)
        if beyond is not None:
            mask = mask.masked_fill(beyond[:, None, None], torch.finfo(mask.dtype).min)
        output = self.backbone.base(
            inputs_embeds=embeddings,
            # The rows of the mask are those of the inputs, its columns also those of the prefix.
            attention_mask=mask[:, :, before:],
            position_ids=torch.arange(before, masked.shape[1], device=embeddings.device)[None],
            use_cache=False,
            **({} if cache is None else {self.backbone.cache_argument: cache}),
        )
        final: Tensor = output.last_hidden_state.to(embeddings.device)
        return final

    def of_rows(self, rows: Tensor) -> "Member":
        """The member for those rows of the inputs that its prefix was made for."""
        return self if self.prefix is None else replace(self, prefix=self.prefix.at(rows))

    @torch.no_grad()
    def behind(self, tokens: Tensor) -> "Member":
        """This member with ids [rows, tokens] standing before all that it is given; it must be causal.

        They are run once, equal rows together.
        """
        # A header is the same for all prompts of a template, so a batch has few distinct prefixes.
        distinct, row = tokens.unique(dim=0, return_inverse=True)
        cache = DynamicCache()
        self._run(self.embed(distinct), distinct == self.mask_id, cache)
        layers: Any = cache.layers
        keys, values = zip(*((layer.keys, layer.values) for layer in layers), strict=True)
        return replace(self, prefix=Prefix(tokens.shape[1], keys, values).at(row))

    def logits(self, hidden: Tensor) -> Tensor:
        """Float32 logits [..., vocabulary] of final-norm outputs [..., width], the mask token's at −inf.

        Where the outputs are. Call it on the rows that are read only: at a vocabulary of 150,000 all
        positions would not fit.
        """
        head = self.backbone.head
        logits = unembed(head, hidden.to(head.weight.device)).float().to(hidden.device)
        if self.has_mask_row:
            excluded = torch.zeros_like(logits, dtype=torch.bool)
            excluded[..., self.mask_id] = True
            logits = logits.masked_fill(excluded, -torch.inf)
        return logits
