"""GPT-2: fused query, key and value maps, position embeddings, LayerNorm and biases. DiffuGPT is one."""

from collections.abc import Iterable
from typing import Any, cast

from torch import nn
from transformers import GPT2LMHeadModel

from ..backbones import Backbone, Layer, MlpShape, Norm, Projection, Shape
from .family import Family


def _read(model: Any) -> Backbone:
    config, base = model.config, model.transformer
    width, heads = config.n_embd, config.n_head

    def norm(module: nn.Module) -> Norm:
        return Norm(module, config.layer_norm_epsilon, centred=True)

    layers = tuple(
        Layer(
            block=block,
            attention_norm=norm(block.ln_1),
            query=Projection(block.attn.c_attn, 0, width, transposed=True),
            key=Projection(block.attn.c_attn, width, 2 * width, transposed=True),
            value=Projection(block.attn.c_attn, 2 * width, 3 * width, transposed=True),
            output=block.attn.c_proj,
            output_transposed=True,
            mlp_norm=norm(block.ln_2),
            mlp=block.mlp,
            mlp_shape=MlpShape(block.mlp.c_fc.weight.shape[1]),
            activation=block.mlp.act,
            mlp_output=block.mlp.c_proj,
        )
        for block in cast(Iterable[Any], base.h)
    )
    shape = Shape(len(layers), heads, heads, width // heads, width, base.wte.num_embeddings)
    return Backbone(model, base, base.wte, base.wpe, layers, norm(base.ln_f), model.lm_head, shape)


def _held(model: Any) -> dict[str, float]:
    return {"layer_norm_epsilon": float(model.transformer.ln_f.eps)}


GPT2 = Family(
    classes={"gpt2": GPT2LMHeadModel},
    read=_read,
    held=_held,
    # transformers answers to these names too, beside n_layer, n_head and n_embd of the file
    counts=(
        "num_hidden_layers",
        "num_attention_heads",
        "hidden_size",
        "vocab_size",
        "n_inner",
        "max_position_embeddings",
    ),
    # DiffuGPT keeps GPT-2 inside a denoiser, and its embedding outside of it.
    key_map=((r"^denoise_model\.", "transformer."), (r"^embed_tokens\.", "transformer.wte.")),
)
