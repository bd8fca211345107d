import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from build.models import KINDS
from mechshift.benchmark.pairs.backbones import Backbone
from mechshift.benchmark.pairs.checkpoint import find_checkpoint, find_description
from mechshift.benchmark.pairs.native import load_backbone, native_model
from mechshift.benchmark.pairs.spec import LoaderSpec, MemberSpec
from mechshift.errors import MechshiftError, PairError, UsageError

Write = Callable[..., Path]


def load(directory: Path, **loader: Any) -> Backbone:
    return load_backbone(
        find_checkpoint(MemberSpec(str(directory))), LoaderSpec(**loader), torch.device("cpu")
    )


def rewrite(directory: Path, **changes: Any) -> None:
    """Sets keys of config.json; None removes one."""
    config = {**json.loads((directory / "config.json").read_text()), **changes}
    kept = {key: value for key, value in config.items() if value is not None}
    (directory / "config.json").write_text(json.dumps(kept))


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "qwen3"])
def test_a_checkpoints_tensors_arrive_whole(kind: str, write: Write) -> None:
    directory = write("arm", kind)
    state = load(directory).model.state_dict()
    stored = load_file(directory / "model.safetensors")
    assert set(state) - set(stored) <= {"lm_head.weight"}
    assert all(torch.equal(state[name], value) for name, value in stored.items())


@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_a_tied_head_is_the_embedding(kind: str, write: Write) -> None:
    backbone = load(write("arm", kind, tie_word_embeddings=True))
    assert backbone.head.weight is backbone.embedding.weight


def test_a_loaded_model_is_frozen_and_evaluates(write: Write) -> None:
    model = load(write("arm", "gpt2")).model
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("auto", torch.float32), ("bfloat16", torch.bfloat16), ("float16", torch.float16)],
)
def test_the_precision_is_the_declared_one(precision: str, dtype: torch.dtype, write: Write) -> None:
    assert load(write("arm"), precision=precision).dtype == dtype


def test_the_rotary_base_reaches_the_model(write: Write) -> None:
    model = load(write("arm", head_dim=8)).model
    expected = 500000.0 ** -(torch.arange(0, 8, 2) / 8)
    torch.testing.assert_close(model.model.rotary_emb.inv_freq, expected)


def test_a_rotary_base_in_the_newer_place_reaches_the_model(write: Write) -> None:
    directory = write("arm", head_dim=8)
    rewrite(directory, rope_theta=None, rope_parameters={"rope_theta": 20000.0, "rope_type": "default"})
    inverse = load(directory).model.model.rotary_emb.inv_freq
    torch.testing.assert_close(inverse, 20000.0 ** -(torch.arange(0, 8, 2) / 8))


@pytest.mark.parametrize("key", ["rope_theta", "rms_norm_eps"])
def test_a_value_lost_on_the_way_is_an_error(key: str, write: Write) -> None:
    directory = write("arm", rms_norm_eps=1e-3)
    with pytest.raises(PairError, match=f"says {key} = (?s:.)*do not drop or override {key}"):
        load(directory, dropped_keys=(key,))


def test_a_head_said_to_be_tied_that_is_another_matrix_is_an_error(write: Write) -> None:
    directory = write("arm")
    rewrite(directory, tie_word_embeddings=True)
    with pytest.raises(PairError, match="tie_word_embeddings"):
        load(directory)


def change_weights(directory: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    state = load_file(directory / "model.safetensors")
    change(state)
    save_file(state, directory / "model.safetensors", {"format": "pt"})


def test_a_missing_parameter_is_named(write: Write) -> None:
    directory = write("arm")
    change_weights(directory, lambda state: state.pop("model.layers.1.mlp.up_proj.weight"))
    with pytest.raises(PairError, match=r"lacks model.layers.1.mlp.up_proj.weight"):
        load(directory)


def test_a_parameter_too_many_is_named(write: Write) -> None:
    directory = write("arm")
    change_weights(directory, lambda state: state.update({"model.extra.weight": torch.ones(3)}))
    with pytest.raises(PairError, match=r"has besides model.extra.weight"):
        load(directory)


def test_a_parameter_of_another_shape_is_named(write: Write) -> None:
    directory = write("arm")
    change_weights(directory, lambda state: state.update({"model.norm.weight": torch.ones(3)}))
    with pytest.raises(PairError, match=r"in another shape model.norm.weight"):
        load(directory)


def test_the_wrong_native_class_is_an_error(write: Write) -> None:
    with pytest.raises(PairError, match="declare the native class"):
        load(write("arm", "qwen3"), native="qwen2")


def test_an_unknown_native_class_is_offered_a_near_one(write: Write) -> None:
    with pytest.raises(MechshiftError, match="did you mean qwen"):
        load(write("arm"), native="qwen")


@pytest.mark.parametrize("kind", ["olmo2", "gpt_neox", None])
def test_a_post_norm_or_parallel_class_is_not_supported(kind: str | None, write: Write) -> None:
    directory = write("arm")
    rewrite(directory, model_type=kind)
    with pytest.raises(PairError, match=f"{kind}.*no backbone reader(?s:.)*supported are pre-norm"):
        load(directory)


def test_a_quantised_checkpoint_is_refused(write: Write) -> None:
    directory = write("arm")
    rewrite(directory, quantization_config={"quant_method": "gptq"})
    with pytest.raises(PairError, match="quantised"):
        load(directory)


@pytest.mark.parametrize("changes", [{"hidden_size": "wide"}, {"hidden_size": 30, "head_dim": None}])
def test_a_config_that_makes_no_model_is_an_error(changes: dict[str, Any], write: Write) -> None:
    directory = write("arm")
    rewrite(directory, **changes)
    with pytest.raises(PairError, match="arm"):
        load(directory)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3", "qwen3_moe"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_hidden_layers", 0),
        ("num_attention_heads", 0),
        ("num_attention_heads", -2),
        ("hidden_size", 0),
        ("vocab_size", 0),
        ("num_key_value_heads", 0),
        ("head_dim", 0),
        ("intermediate_size", -1),
        ("moe_intermediate_size", 0),
        ("num_experts", 0),
        ("rope_theta", "1e6"),
        ("rope_theta", 0.0),
        ("rope_theta", float("nan")),
    ],
)
def test_a_size_of_nothing_and_a_base_that_is_no_number_are_errors(
    key: str, value: Any, kind: str, write: Write
) -> None:
    directory = write("arm", kind)
    config = json.loads((directory / "config.json").read_text())
    key = NAMES_OF_GPT2.get(key, key) if kind == "gpt2" else key
    if key == "rope_theta" and "rope_parameters" in config:
        rewrite(directory, rope_parameters={**config["rope_parameters"], key: value})
    elif key in config:
        rewrite(directory, **{key: value})
    else:
        assert key not in NAMES_OF_GPT2.values()
        return
    with pytest.raises(PairError, match=r"config.json of .*arm") as caught:
        load(directory)
    assert caught.value.check == "configuration"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("llama", {"hidden_act": "foo"}),
        ("gpt2", {"activation_function": "foo"}),
        ("llama", {"rope_scaling": {"type": "foo"}}),
        ("llama", {"rope_parameters": {"rope_type": "foo", "rope_theta": 1e4}}),
        ("llama", {"rope_parameters": {"rope_theta": None}}),
        ("llama", {"pad_token_id": 10**6}),
        ("gpt2", {"n_head": 3}),
        ("gpt2", {"resid_pdrop": 2.0}),
        ("qwen3", {"layer_types": ["linear_attention", "linear_attention"]}),
        ("qwen3_moe", {"decoder_sparse_step": 0}),
        ("qwen3_moe", {"num_experts_per_tok": 50}),
    ],
)
def test_a_value_that_no_class_can_run_with_is_an_error(
    kind: str, changes: dict[str, Any], write: Write
) -> None:
    directory = write("arm", kind)
    rewrite(directory, **changes)
    described = find_description(MemberSpec(str(directory)))
    with pytest.raises(PairError, match="arm"):
        native_model(described, LoaderSpec())
    with pytest.raises(PairError, match="arm"):
        load(directory)


@pytest.mark.parametrize(
    "changes",
    [
        {"to_dict": "x", "base_model_tp_plan": "x"},
        {"id2label": 5, "return_dict": False, "output_hidden_states": "x", "use_return_dict": True},
        {"experts_implementation": "foo", "_attn_implementation": "foo", "auto_map": {"AutoModel": "a.B"}},
    ],
)
def test_keys_that_the_class_does_not_declare_are_left_out(changes: dict[str, Any], write: Write) -> None:
    directory = write("arm")
    before = load(directory)
    rewrite(directory, **changes)
    tokens = torch.arange(5)[None]
    mask = torch.zeros(1, 1, 5, 5)
    logits = [one.model(tokens, attention_mask=mask).logits for one in (before, load(directory))]
    assert torch.equal(*logits)


@pytest.mark.parametrize("kind", KINDS)
def test_what_transformers_itself_writes_is_read(kind: str, write: Write, tmp_path: Path) -> None:
    """Its names of settings are not always those of published files (`num_local_experts`)."""
    model = load(write("arm", kind)).model
    model.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved").model
    tokens, mask = torch.arange(5)[None], torch.zeros(1, 1, 5, 5)
    logits = [one(tokens, attention_mask=mask).logits for one in (model, again)]
    assert torch.equal(*logits)


@pytest.mark.parametrize("base", [{}, {"original_max_position_embeddings": 16}])
def test_rotary_frequencies_are_the_native_class_s_own(base: dict[str, Any], write: Write) -> None:
    """Also with a setting beside `rope_scaling` that the class reads and does not declare."""
    directory = write("arm", "llama")
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
    rewrite(directory, rope_scaling=scaling, rope_theta=10000.0, max_position_embeddings=128, **base)
    config = json.loads((directory / "config.json").read_text())
    expected = LlamaForCausalLM(LlamaConfig(**config)).model.rotary_emb.inv_freq
    found: Any = load(directory).model
    assert torch.equal(found.model.rotary_emb.inv_freq, expected)


@pytest.mark.parametrize("content", ["[]", '{"do_sample": 5}', "{"])
def test_how_a_checkpoint_would_generate_is_not_read(content: str, write: Write) -> None:
    directory = write("arm")
    (directory / "generation_config.json").write_text(content)
    load(directory)


@pytest.mark.parametrize("metadata", [{}, {"metadata": 5}])
def test_an_index_that_transformers_cannot_read_is_an_error(
    metadata: dict[str, Any], write: Write, shard: Callable[[Path], list[str]]
) -> None:
    directory = write("arm")
    shard(directory)
    path = directory / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": json.loads(path.read_text())["weight_map"], **metadata}))
    with pytest.raises(PairError, match="arm does not load as LlamaForCausalLM"):
        load(directory)


def test_double_precision_has_to_be_declared_otherwise(write: Write) -> None:
    directory = write("arm")
    rewrite(directory, torch_dtype="float64")
    change_weights(directory, lambda state: state.update({key: v.double() for key, v in state.items()}))
    with pytest.raises(PairError, match=r"stored as float64\n.*--dtype \(in Python dtype=\) float32"):
        load(directory)
    assert load(directory, precision="float32").dtype == torch.float32


NAMES_OF_GPT2 = {
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "hidden_size": "n_embd",
}


def test_a_key_map_renames_parameters(write: Write) -> None:
    directory = write("arm")

    def prefix(state: dict[str, torch.Tensor]) -> None:
        for name in list(state):
            state[name.replace("model.", "denoiser.")] = state.pop(name)

    change_weights(directory, prefix)
    weight = load_file(directory / "model.safetensors")["denoiser.norm.weight"]
    backbone = load(directory, key_map=((r"^denoiser\.", "model."),))
    assert torch.equal(backbone.final_norm.weight, weight)


@pytest.mark.parametrize(
    ("key_map", "message"),
    [
        (((r"^denoiser\.", "model."),), r"no such name"),
        (((r"^model\.norm\.", "model.last."),), r"has model.norm.weight, but no model.last.weight"),
        (((r"layers\.0\.", "layers.1."),), r"lacks model.layers.0"),
    ],
)
def test_a_wrong_key_map_is_an_error(
    key_map: tuple[tuple[str, str], ...], message: str, write: Write
) -> None:
    with pytest.raises(PairError, match=message) as caught:
        load(write("arm"), key_map=key_map)
    assert caught.value.check == "parameters"


@pytest.mark.parametrize(
    ("pattern", "replacement"), [("layers(", "blocks"), ("^model", r"\9"), ("^model", r"\g<zz>")]
)
def test_a_key_map_is_of_regular_expressions(pattern: str, replacement: str) -> None:
    with pytest.raises(UsageError, match="a key map of") as caught:
        LoaderSpec(key_map=((pattern, replacement),))
    assert "re.sub" in caught.value.remedy


def test_loading_is_silent_and_leaves_the_log_level(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger("transformers").level
    with pytest.raises(PairError):
        load(write("arm", "qwen3"), native="qwen2")
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("transformers").level == before


@pytest.mark.parametrize(
    ("kind", "key", "value", "bound"),
    [
        ("llama", "num_hidden_layers", 10**9, "1,000"),
        ("gpt2", "n_layer", 10**6, "1,000"),
        ("qwen3", "num_hidden_layers", 1001, "1,000"),
        ("llama", "hidden_size", 10**18, "16,777,216"),
        ("gpt2", "n_positions", 2**25, "16,777,216"),
        ("qwen3_moe", "num_experts", 1e300, "16,777,216"),
        ("llama", "hidden_size", 10**400, "16,777,216"),
    ],
)
def test_a_size_beyond_all_bounds_is_refused_before_anything_is_built(
    kind: str, key: str, value: float, bound: str, write: Write
) -> None:
    directory = write("arm", kind)
    rewrite(directory, **{key: value})
    described = find_description(MemberSpec(str(directory)))
    for build in (lambda: native_model(described, LoaderSpec()), lambda: load(directory)):
        with pytest.raises(PairError, match=f"says {key} = .*, and at most {bound} are taken"):
            build()


@pytest.mark.parametrize("changes", [{"intermediate_size": 2**23}, {"vocab_size": 2**24}])
def test_a_model_that_the_files_cannot_hold_is_refused_before_it_is_given_memory(
    changes: dict[str, int], write: Write
) -> None:
    directory = write("arm")
    rewrite(directory, **changes)
    with pytest.raises(
        PairError, match=r"a model of [\d,]+ parameters, and its weights are [\d,]+ bytes"
    ) as caught:
        load(directory)
    assert caught.value.check == "configuration"
