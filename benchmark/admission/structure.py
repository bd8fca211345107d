"""Checks of a loaded member, each of which catches a failure that gives wrong numbers without an error.

Every one runs a few tokens through the unmodified model and takes well under a second on a small one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...errors import PairError
from ..pairs.backbones import Backbone, Norm, Projection
from ..pairs.member import Member

TOKENS, MOST_TOKENS = 8, 1000
SEED = 0
DIRECTIONS = 8

MOVED = 1e-6
"""Relative change from which a position counts as moved: hidden columns weigh exactly nothing."""


def check_finite(member: Member) -> None:
    """Raises PairError for a parameter with a NaN or an infinity."""
    for name, parameter in member.backbone.model.named_parameters():
        if not bool(parameter.isfinite().all()):
            raise not_finite(member, name)


def not_finite(member: Member, parameter: str) -> PairError:
    """The error for a member one of whose parameters holds a NaN or an infinity."""
    return PairError(
        f"the {member.called}'s parameter {parameter} holds NaN or infinite values",
        "the checkpoint is damaged or its training diverged: name another checkpoint or revision",
    )


def check_projections(member: Member) -> None:
    """Raises PairError when a projection's size is not what the declared heads need."""
    shape = member.backbone.shape
    inner, grouped = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    if shape.heads % shape.kv_heads:
        raise PairError(
            f"the {member.called} has {shape.heads} heads and {shape.kv_heads} key/value heads",
            "correct config.json: the heads must divide into the key/value heads",
        )
    for index, layer in enumerate(member.backbone.layers):
        expected = {
            "query": (_size(layer.query), (inner, shape.width)),
            "key": (_size(layer.key), (grouped, shape.width)),
            "value": (_size(layer.value), (grouped, shape.width)),
            "output": (tuple(layer.output_weight.shape), (shape.width, inner)),
        }
        for name, (found, wanted) in expected.items():
            if found != wanted:
                raise PairError(
                    f"layer {index} of the {member.called} has a {name} projection of size {found}, "
                    f"and {shape.heads} heads ({shape.kv_heads} key/value) of {shape.head_dim} need {wanted}",
                    "correct num_attention_heads, num_key_value_heads or head_dim in config.json",
                )


def check_attention(member: Member) -> None:
    """Raises PairError when what a position sees is not what the member's attention declares.

    Turns one token's embedding round and looks which positions' outputs move, in runs of one shape, so
    that a position which cannot see the token stays as it was to the last bit. Behind the first block every
    second position counts as masked, which tells observed first from causal, and a causal context from
    blocks.
    """
    tokens = _tokens(member)
    embeddings = _embeddings(member, tokens)
    block = min(member.attention.block, tokens - 1)
    position = torch.arange(tokens)[None]
    masked = (position % 2 == 1) & (position >= block)
    if not member.has_mask_row:
        member = replace(member, mask_id=0)  # ids are embedded beforehand: any will do
    ids = torch.where(masked, member.mask_id, member.mask_id + 1).to(member.device)
    allowed = member.attention.allowed(masked)[0]
    # The two positions at the first block's border tell blocks from causal and from full attention.
    columns = sorted({0, block - 1, block, tokens - 1})
    with torch.no_grad():
        before = member.hidden(embeddings, ids).float()
        for column in columns:
            changed = embeddings.clone()
            # A norm would undo most of a change of scale, but not of sign.
            changed[:, column] *= -1
            after = member.hidden(changed, ids).float()
            distance = (after - before).norm(dim=-1) / before.norm(dim=-1)
            moved = (distance[0] > MOVED).cpu()
            wrong = (moved != allowed[:, column]).nonzero().flatten().tolist()
            if wrong:
                raise _attention_error(member, wrong[0], column, bool(moved[wrong[0]]))


def _attention_error(member: Member, row: int, column: int, sees: bool) -> PairError:
    return PairError(
        f"the {member.called} is declared with attention {member.attention}, and position {row} "
        f"{'sees' if sees else 'does not see'} position {column}: the model does not follow its 4-D mask",
        "declare a kernel that takes the mask (sdpa or eager), on an unmodified native class",
    )


def check_residual(member: Member) -> None:
    """Raises PairError when a norm does not read the sum of all that was written before it.

    Embedding, position embedding, head outputs (with the output projection's bias) and MLP outputs must add
    up to the input of every attention norm, every MLP norm and the final norm: so it is in a sequential
    pre-norm transformer only, not with post-norm, parallel blocks or scaled embeddings.
    """
    backbone = member.backbone
    embeddings = _embeddings(member, _tokens(member))
    with torch.no_grad(), _captured(backbone) as inputs:
        member.hidden(embeddings)
    stream = embeddings.float()
    if backbone.position_embedding is not None:
        positions = torch.arange(embeddings.shape[1], device=embeddings.device)
        stream = stream + backbone.position_embedding(positions).float()
    # The error is measured against everything written so far: parts that cancel leave their rounding
    # behind.
    written = stream.norm()
    for index, layer in enumerate(backbone.layers):
        _compare(member, f"layer {index}'s attention norm", inputs, layer.attention_norm, stream, written)
        heads = inputs[layer.output].float() @ layer.output_weight.float().T
        bias = getattr(layer.output, "bias", None)
        heads = (heads if bias is None else heads + bias.float()).to(stream.device)
        stream, written = stream + heads, torch.hypot(written, heads.norm())
        _compare(member, f"layer {index}'s MLP norm", inputs, layer.mlp_norm, stream, written)
        mlp = inputs[layer.mlp].float().to(stream.device)
        stream, written = stream + mlp, torch.hypot(written, mlp.norm())
    _compare(member, "the final norm", inputs, backbone.final_norm, stream, written)


def _compare(
    member: Member, place: str, inputs: dict[nn.Module, Tensor], norm: Norm, stream: Tensor, written: Tensor
) -> None:
    """Rounding grows with everything that was written, also with what has cancelled since."""
    found = inputs.get(norm.module)
    error = (
        float((found.float().to(stream.device) - stream).norm() / written)
        if found is not None
        else float("inf")
    )
    if not error <= _tolerance(member, single=1e-4, half=0.03):
        raise PairError(
            f"the input of {place} of the {member.called} is not the sum of what was written before it "
            f"(relative error {error:.2g})",
            "only sequential pre-norm transformers have the circuit graph measured here: no post-norm, "
            "parallel blocks or scaled embeddings",
        )


@contextmanager
def _captured(backbone: Backbone) -> Iterator[dict[nn.Module, Tensor]]:
    """The inputs of norms and output projections, and the outputs of MLPs, of one forward pass."""
    seen: dict[nn.Module, Tensor] = {}

    def keep_input(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        seen[module] = arguments[0].detach().clone()

    def keep_output(module: nn.Module, _: object, output: Tensor) -> None:
        seen[module] = output.detach().clone()

    read = [backbone.final_norm.module]
    for layer in backbone.layers:
        read += [layer.attention_norm.module, layer.mlp_norm.module, layer.output]
    handles = [module.register_forward_pre_hook(keep_input) for module in read]
    handles += [layer.mlp.register_forward_hook(keep_output) for layer in backbone.layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def check_gradient(member: Member) -> None:
    """Raises PairError when autograd's derivative is not that of the forward pass.

    The outputs' change along a random direction of the embeddings, by a central difference, against the
    product of autograd's gradient of that change's own direction with it: the strongest signal there is
    in half precision. Catches blocks that run without a gradient. One direction of several has to agree: on
    the way along another a router may change its experts, which is a jump that no gradient has.
    """
    tolerance = _tolerance(member, single=0.01, half=0.3)
    pairs = []
    for seed in range(DIRECTIONS):
        predicted, measured = _slopes(member, SEED + 2 + seed)
        if abs(predicted - measured) <= tolerance * measured:
            return
        pairs.append((predicted, measured))
    predicted, measured = pairs[0]
    raise PairError(
        f"the {member.called}'s gradient is not that of its output: along one direction autograd "
        f"gives {predicted:.3g} and a finite difference {measured:.3g}",
        "part of the model runs without a gradient: load it as an unmodified native class",
    )


def _slopes(member: Member, seed: int) -> tuple[float, float]:
    """The outputs' change along a random direction, as autograd predicts it and as it is."""
    embeddings = _embeddings(member, min(TOKENS, _tokens(member)))
    direction = _noise(embeddings, seed)
    step = _tolerance(member, single=1e-3, half=0.05)
    ends = torch.stack((embeddings + step * direction, embeddings - step * direction))
    with torch.no_grad():
        change = member.hidden(ends[0]).float() - member.hidden(ends[1]).float()
    leaf = embeddings.detach().requires_grad_()
    with torch.enable_grad():
        gradient = _gradient(member.hidden(leaf), leaf, change / change.norm())
    return float((gradient * (ends[0] - ends[1]).float()).sum()), float(change.norm())


def _gradient(output: Tensor, leaf: Tensor, direction: Tensor) -> Tensor:
    if not output.requires_grad:
        return torch.zeros_like(leaf, dtype=torch.float32)
    return torch.autograd.grad(output, leaf, direction.to(output))[0].float()


def _tokens(member: Member) -> int:
    """Enough tokens to tell block from causal and full attention, as far as the model has positions.

    Of blocks of a thousand tokens and more the border is not looked at.
    """
    wanted = max(TOKENS, min(member.attention.block + 2, MOST_TOKENS))
    position = member.backbone.position_embedding
    return wanted if position is None else min(wanted, position.num_embeddings)


def _embeddings(member: Member, tokens: int) -> Tensor:
    """Embeddings [1, tokens, width] of random tokens, with noise because some rows (padding) are zero."""
    rows = member.backbone.shape.vocabulary
    # Drawn on the CPU, where one generator gives the same numbers everywhere.
    ids = torch.randint(rows, (1, tokens), generator=torch.Generator().manual_seed(SEED))
    embeddings = member.embed(ids.to(member.device)).detach()
    return embeddings + _noise(embeddings, SEED + 1)


def _noise(embeddings: Tensor, seed: int) -> Tensor:
    """Random numbers of the embeddings' shape, dtype and norm, the same on every device."""
    noise = torch.randn(embeddings.shape, generator=torch.Generator().manual_seed(seed))
    scale = embeddings.float().norm().cpu() / noise.norm()
    scaled: Tensor = (noise * scale).to(embeddings)
    return scaled


def _tolerance(member: Member, single: float, half: float) -> float:
    return single if torch.finfo(member.backbone.dtype).eps < 1e-5 else half


def _size(projection: Projection) -> tuple[int, ...]:
    return tuple(projection.weight.shape)
