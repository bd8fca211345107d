"""Small random members of every backbone, and what torch allocates while something runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

VOCABULARY = 500
KINDS = ("gpt2", "llama", "qwen2", "qwen3", "qwen3_moe")


def random_model(kind: str) -> PreTrainedModel:
    special: dict[str, Any] = {
        "bos_token_id": None,
        "eos_token_id": None,
        "tie_word_embeddings": False,
        "vocab_size": VOCABULARY,
    }
    if kind == "gpt2":
        return GPT2LMHeadModel(GPT2Config(n_positions=64, n_embd=64, n_layer=3, n_head=4, **special))
    sizes = {
        "hidden_size": 64,
        "intermediate_size": 176,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        **special,
    }
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**sizes))
    sizes["num_key_value_heads"] = 2
    if kind == "qwen2":
        return Qwen2ForCausalLM(Qwen2Config(**sizes))
    sizes["head_dim"] = 24
    if kind == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**sizes))
    config = Qwen3MoeConfig(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=40, **sizes)
    config._experts_implementation = "eager"
    return Qwen3MoeForCausalLM(config)


def random_member(kind: str, dtype: torch.dtype = torch.float32, attention: str = "causal") -> Member:
    torch.manual_seed(0)
    model: nn.Module = random_model(kind).to(dtype).eval().requires_grad_(False)  # type: ignore[arg-type]
    role = "arm" if attention == "causal" else "mdm"
    backbone = read_backbone(model)  # type: ignore[arg-type]
    return Member(role, backbone, Attention.parse(attention), shift=True, mask_id=VOCABULARY - 1)


class Allocated(TorchDispatchMode):
    """The largest number of bytes that the results of operations took at once, parameters left out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.peak = 0
        self._known = {_storage(each)._cdata for each in (*model.parameters(), *model.buffers())}
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = operation(*args, **(kwargs or {}))
        for each in tree_leaves(results):
            if isinstance(each, Tensor) and (storage := _storage(each))._cdata not in self._known:
                self._living[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self._living = {key: value for key, value in self._living.items() if not value[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._living.values()))
        return results


def _storage(tensor: Tensor) -> Any:
    return tensor.untyped_storage()


@contextmanager
def saved_bytes(model: nn.Module) -> Iterator[dict[int, Tensor]]:
    """The tensors that autograd saves, one for each storage, by its address; parameters left out."""
    known = {_storage(each).data_ptr() for each in (*model.parameters(), *model.buffers())}
    found: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        if _storage(tensor).data_ptr() not in known and _storage(tensor).nbytes():
            found.setdefault(_storage(tensor).data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield found


@pytest.fixture(name="random_member", scope="session")
def _random_member() -> Callable[..., Member]:
    return random_member


@pytest.fixture(name="allocated", scope="session")
def _allocated() -> type[Allocated]:
    return Allocated


@pytest.fixture(name="saved_by_autograd", scope="session")
def _saved() -> Callable[..., Any]:
    return saved_bytes
