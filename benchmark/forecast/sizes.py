"""The numbers of a member that passes and memory depend on, and a pair that has them without weights."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from transformers import PreTrainedTokenizerBase

from ...errors import UsageError
from ..circuits.graph import Graph
from ..pairs.backbones import Backbone, MlpShape
from ..pairs.device_map import DeviceMap
from ..pairs.families import read_backbone
from ..pairs.limits import part_of
from ..pairs.loading import read_tokens, role_of_second, tokenizer_digest
from ..pairs.matching import check_mask_row, check_same_backbone
from ..pairs.member import Member, Role
from ..pairs.native import native_config, native_model
from ..pairs.rows import share_rows
from ..pairs.spec import LoaderSpec, MemberSpec, PairSpec
from ..pairs.spread import DeviceByPart, shares, spread_over
from .stored import Stored, find_stored


@dataclass(frozen=True)
class Sizes:
    """Dimensions of a member as they are in memory.

    `inner`: width of a dense MLP, in `dense` of the layers; the others have `experts` of `expert_inner`, of
    which a token passes `chosen`. `parameters`: all of them, a tied head counted once; `largest`: elements of
    the largest one; `itemsize`: bytes of one. `fused`: one map for query, key and value, and LayerNorm
    (GPT-2); `head_norms`: queries and keys are normalised per head (Qwen3); `scaled_queries`: queries are
    multiplied by a number for each position (Ministral 3); `biased`: key and value maps have a bias;
    `renormalised`: the weights of the chosen experts are made to add up to 1. `share`: how much it holds at
    once beside its weights, as in `Limits`; `fullest`: the share of its weights that one device has at most.
    """

    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    width: int
    vocabulary: int
    inner: int
    dense: int
    experts: int
    chosen: int
    expert_inner: int
    parameters: int
    largest: int
    itemsize: int
    fused: bool
    head_norms: bool
    scaled_queries: bool
    biased: bool
    renormalised: bool
    share: float = 1.0
    fullest: float = 1.0

    @property
    def neurons(self) -> int:
        """MLP neurons of a layer; 0 where some layers have experts, whose neurons have no effects."""
        return self.inner if self.dense == self.layers else 0

    @classmethod
    def of(cls, backbone: Backbone, itemsize: int) -> "Sizes":
        """Those of a backbone, on whatever device it is, loaded with that many bytes a parameter."""
        shape, layers = backbone.shape, backbone.layers
        parameters = [parameter.numel() for parameter in backbone.model.parameters()]
        sparse = [layer.mlp_shape for layer in layers if layer.mlp_shape.experts]
        dense = [layer.mlp_shape for layer in layers if not layer.mlp_shape.experts]
        experts = sparse[0] if sparse else MlpShape(0)
        return cls(
            shape.layers,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            shape.width,
            shape.vocabulary,
            inner=dense[0].inner if dense else 0,
            dense=len(dense),
            experts=experts.experts,
            chosen=experts.chosen,
            expert_inner=experts.inner,
            parameters=sum(parameters),
            largest=max(parameters),
            itemsize=itemsize,
            fused=layers[0].query.module is layers[0].key.module,
            head_norms=any(layer.normed_heads for layer in layers),
            scaled_queries=any(layer.scaled_queries for layer in layers),
            biased=layers[0].key.bias is not None,
            renormalised=bool(sparse) and bool(getattr(backbone.model.config, "norm_topk_prob", False)),
        )

    @property
    def graph(self) -> Graph:
        """The graph with these key/value heads."""
        return Graph(self.layers, self.heads, self.kv_heads)

    def part_of(self, amount: int) -> int:
        """Of an amount that is usually held at once what the member may hold, at least 1."""
        return part_of(amount, self.share)

    @property
    def weights(self) -> int:
        """Bytes of the parameters."""
        return self.parameters * self.itemsize

    @property
    def on_one_device(self) -> int:
        """Bytes of the parameters that one device has at most."""
        return round(self.fullest * self.weights)

    @property
    def active(self) -> int:
        """Parameters of the layers that one token passes through."""
        inner, grouped = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = self.width * (2 * inner + 2 * grouped)
        # GPT-2's MLP has two maps, the gated one of the others three.
        maps = 2 if self.fused else 3
        mlps = self.dense * maps * self.width * self.inner
        sparse = self.layers - self.dense
        mlps += sparse * self.width * (3 * self.chosen * self.expert_inner + self.experts)
        return self.layers * attention + mlps

    @property
    def copied(self) -> int:
        """Bytes that `ungroup` adds: key and value maps of one head per query head; 0 without groups."""
        if self.heads == self.kv_heads:
            return 0
        each = self.heads * self.head_dim * (self.width + self.biased)
        return 2 * self.layers * each * self.itemsize

    def ungrouped(self) -> "Sizes":
        """The same with one key/value head per query head."""
        return replace(self, kv_heads=self.heads)


@dataclass(frozen=True)
class Sketch:
    """A pair without weights: members whose parameters are on torch's `meta` device, shapes without numbers.

    It is asked as a loaded pair is: examples are encoded and batches put together with it.
    `tokenizer_digest` is that of the tokenizer, as a loaded pair has it; `dtypes` what weights are loaded as.
    `devices`: of each member the share of its weights on each of several devices; none where there is one.
    """

    spec: PairSpec
    arm: Member
    mdm: Member
    tokenizer: PreTrainedTokenizerBase
    tokenizer_digest: str
    checkpoints: tuple[Stored, Stored]
    sizes: tuple[Sizes, Sizes]
    dtypes: tuple[torch.dtype, torch.dtype]
    devices: tuple[Mapping[str, float], ...] = ()

    def spread_by(self, asked: DeviceMap, free: Mapping[torch.device, int]) -> "Sketch":
        """The members spread over devices; `free`: bytes on each. Raises UsageError as `spread_over`."""
        devices = [
            shares(member.backbone, _parts(member.backbone, asked, free, dtype))
            for member, dtype in zip((self.arm, self.mdm), self.dtypes, strict=True)
        ]
        arm, mdm = (
            replace(one, fullest=max(share.values())) for one, share in zip(self.sizes, devices, strict=True)
        )
        return replace(self, sizes=(arm, mdm), devices=tuple(devices) if len(devices[0]) > 1 else ())


def _parts(
    backbone: Backbone, asked: DeviceMap, free: Mapping[torch.device, int], dtype: torch.dtype
) -> DeviceByPart:
    try:
        return spread_over(backbone, asked, free, 2, dtype)
    except UsageError:
        # One at a time may have room; a map that does not fit the model raises again.
        return spread_over(backbone, asked, free, 1, dtype)


def sketch_pair(spec: PairSpec, offline: bool = False) -> Sketch:
    """What is known of a pair before its weights are read. Raises PairError as `load_pair` where it shows."""
    checkpoints = find_stored(spec.arm, offline), find_stored(spec.mdm, offline)
    tokenizer, _, mask_id = read_tokens(spec, (checkpoints[0].checkpoint, checkpoints[1].checkpoint))
    roles: tuple[Role, Role] = ("arm", role_of_second(spec))
    arm, mdm = (
        _member(member, each, role, mask_id)
        for member, each, role in zip((spec.arm, spec.mdm), checkpoints, roles, strict=True)
    )
    check_same_backbone(arm, mdm)
    check_mask_row(mdm)
    first, second = (
        loaded_dtype(each.loader, stored, member.backbone)
        for member, each, stored in zip((arm, mdm), (spec.arm, spec.mdm), checkpoints, strict=True)
    )
    if spec.control:
        arm, mdm, _ = share_rows(arm, mdm, tokenizer)
    sizes = Sizes.of(arm.backbone, first.itemsize), Sizes.of(mdm.backbone, second.itemsize)
    digest = tokenizer_digest(tokenizer)
    return Sketch(spec, arm, mdm, tokenizer, digest, checkpoints, sizes, (first, second))


def sketch_backbone(checkpoint: Stored, loader: LoaderSpec) -> Backbone:
    """The native class of a checkpoint with parameters that have shapes and no numbers.

    Raises PairError for an unsupported class or a configuration that is not the class's.
    """
    with torch.device("meta"):
        return read_backbone(native_model(checkpoint.checkpoint, loader))


def loaded_dtype(loader: LoaderSpec, stored: Stored, backbone: Backbone) -> torch.dtype:
    """What the weights are loaded as: as asked for, else as config.json says, else as they are stored.

    What is stored is told by the size of the files, since those of a hub model need not be here: of two bytes
    a parameter it is taken for bfloat16.
    """
    named = loader.precision
    if named == "auto":
        named = native_config(stored.checkpoint, loader).dtype
    dtype = getattr(torch, str(named).removeprefix("torch."), None)
    if isinstance(dtype, torch.dtype):
        return dtype
    parameters = sum(parameter.numel() for parameter in backbone.model.parameters())
    return torch.bfloat16 if stored.weights < 3 * parameters else torch.float32


def _member(spec: MemberSpec, checkpoint: Stored, role: Role, mask_id: int) -> Member:
    return Member(role, sketch_backbone(checkpoint, spec.loader), spec.attention, spec.shift, mask_id)
