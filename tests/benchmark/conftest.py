"""Random members over a few letters and digits, asked in plain loops that share no code with the package."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from build.checkpoints import make, shard, write  # noqa: F401 fixtures
from build.circuits import _random_batch, _random_member, _slow_run, oracle  # noqa: F401 fixtures
from build.records import make_failed_task, make_record, make_task  # noqa: F401 fixtures
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.evidence import Evidence, ScoreSums, Sweep
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.backbones import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair, Provenance
from mechshift.benchmark.pairs.spec import MemberSpec, PairSpec
from mechshift.benchmark.record.protocol import V1, Protocol
from mechshift.tasks import Example

TOKENS = ("?", *"0123456789", *"abcdefgh", "[MASK]")
MASK = len(TOKENS) - 1
GRAPH = Graph(layers=4, heads=4, kv_heads=2)
GROUPS = 8


def random_member(
    role: str = "arm",
    attention: str = "causal",
    shift: bool = True,
    kind: str = "llama",
    seed: int = 0,
    vocabulary: int = len(TOKENS),
) -> Member:
    """A member whose mask token is the last of its vocabulary."""
    special = {"bos_token_id": None, "eos_token_id": None, "tie_word_embeddings": False}
    model: PreTrainedModel
    if kind == "gpt2":
        model = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=vocabulary, n_positions=32, n_embd=16, n_layer=2, n_head=4, n_inner=24, **special
            )
        )
    else:
        sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
        model = LlamaForCausalLM(
            LlamaConfig(vocab_size=vocabulary, num_key_value_heads=2, **sizes, **special)
        )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = 0.4 * torch.randn(parameter.shape, generator=generator)
            is_gain = parameter.ndim == 1 and name.endswith("weight")
            parameter.copy_(1 + noise if is_gain else noise)
    declared = Attention.parse(attention)
    return Member(role, read_backbone(model.eval()), declared, shift, vocabulary - 1)  # type: ignore[arg-type]


def raw_logits(member: Member, row: Sequence[int]) -> Tensor:
    """Logits [tokens, vocabulary] of the native model, the mask written cell by cell, no token excluded."""
    size, kind = len(row), member.attention.kind
    block = member.attention.block if kind == "block" else 1
    mask = torch.zeros(1, 1, size, size)
    for query in range(size):
        for key in range(size):
            if kind != "full" and key // block > query // block:
                mask[0, 0, query, key] = torch.finfo(torch.float32).min
    with torch.no_grad():
        output = member.backbone.model(
            input_ids=torch.tensor([list(row)]), attention_mask=mask, use_cache=False
        )
    return output.logits[0].double()


def plain_decode(
    member: Member, prompt: Sequence[int], targets: Sequence[int], length: int, steps: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What one row is filled with and in which order, by the definition; `prompt` by position."""
    row = [prompt[position] if position not in targets else member.mask_id for position in range(length)]
    step = dict.fromkeys(targets, -1)
    if member.role == "arm":
        for index, target in enumerate(targets):
            logits = raw_logits(member, row[:target])[-1]
            logits[member.mask_id] = -torch.inf
            row[target], step[target] = int(logits.argmax()), index
        return tuple(row[target] for target in targets), tuple(step.values())
    budget, block = min(steps, len(targets)), member.attention.block
    if member.attention.kind != "block":
        block = length
    for now in range(budget):
        logits = raw_logits(member, row)
        logits[:, member.mask_id] = -torch.inf
        probability = logits.softmax(-1)
        open_ = [target for target in targets if step[target] < 0]
        best = {target: probability[target - 1 if member.shift else target].max(-1) for target in open_}
        number = -(-len(open_) // (budget - now))
        first = sorted(open_, key=lambda each: (each // block, -float(best[each].values), each))
        for target in first[:number]:
            row[target], step[target] = int(best[target].indices), now
    return tuple(row[target] for target in targets), tuple(step.values())


def encoded(
    prompt: int, answer: Sequence[int], foil: Sequence[int], seed: int = 0, vocabulary: int = len(TOKENS)
) -> Encoded:
    """An example of random prompt tokens (neither unknown nor mask) and the given answer and foil."""
    generator = random.Random(seed)
    clean, corrupted = (
        tuple(generator.randrange(1, vocabulary - 1) for _ in range(prompt)) for _ in range(2)
    )
    example = Example("clean", "corrupted", "answer", "foil", "variant", f"template {seed % 3}", ())
    return Encoded(example, clean, corrupted, tuple(answer), tuple(foil))


def letters_tokenizer() -> PreTrainedTokenizerBase:
    """One token per letter a–h and digit; anything else is unknown."""
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(TOKENS)}, "?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[a-z0-9]"), behavior="removed", invert=True)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?", mask_token="[MASK]")


def pair_of(arm: Member, mdm: Member) -> Pair:
    """Two members as a loaded pair, with the tokenizer of letters."""
    spec = PairSpec(
        "letters",
        MemberSpec("org/arm"),
        MemberSpec("org/mdm", attention=mdm.attention, shift=mdm.shift, mask_token="[MASK]"),
    )
    described = [
        Provenance(f"org/{role}", "main", f"digest of {role}", "LlamaForCausalLM", "float32")
        for role in ("arm", "mdm")
    ]
    return Pair(spec, arm, mdm, letters_tokenizer(), "digest of letters", False, *described, ())


def small_protocol(**changes: object) -> Protocol:
    """The leaderboard's protocol with so little work that a test is quick."""
    few = {"pool": 12, "minimum": 4, "groups": 6, "resamples": 30, "splits": 3}
    return V1.changed(**few | changes)


def evidence(seed: int, reach: float = 1.0) -> Evidence:
    """Made-up evidence on a graph of four layers, faithful up to `reach`.

    Eight groups of four templates, two each; five examples run.
    """
    generator = np.random.default_rng(seed)
    sums = generator.standard_t(3, (1, *GRAPH.mask.shape)) + 0.5 * generator.normal(
        size=(GROUPS, *GRAPH.mask.shape)
    )
    counts = np.random.default_rng(0).integers(1, 4, GROUPS)
    clean, corrupted = generator.normal(3, 1, (2, counts.sum()))
    attribution = Attribution(
        GRAPH,
        Integration("midpoint", 5),
        sums * counts[:, None, None] * GRAPH.mask,
        counts,
        clean,
        corrupted - 4,
        np.repeat(np.arange(GROUPS), counts),
    )
    whole, empty = generator.normal(3, 0.3, 5), generator.normal(-2, 0.3, 5)
    rising = reach * np.linspace(0, 1, 10)[None, :, None] ** np.array([1.0, 2.0])[:, None, None]
    noise = generator.normal(1, 0.02, (2, 10, 5))
    swept = Sweep(
        GRAPH,
        whole,
        empty,
        empty + rising * noise * (whole - empty),
        generator.integers(1, 90, (2, 10)),
        tuple("aabbb"),
        np.arange(1, 11, 2),
    )
    entropies = {f"a1.h{head}": float(generator.random()) for head in range(3)}
    scores = ScoreSums(attribution, tuple("aabbccdd"), np.arange(0, 2 * counts.sum(), 2))
    return Evidence(scores, swept, entropies)


@pytest.fixture(name="member", scope="session")
def _member() -> Callable[..., Member]:
    return random_member


@pytest.fixture(name="raw_logits", scope="session")
def _raw_logits() -> Callable[..., Tensor]:
    return raw_logits


@pytest.fixture(name="plain_decode", scope="session")
def _plain_decode() -> Callable[..., tuple[tuple[int, ...], tuple[int, ...]]]:
    return plain_decode


@pytest.fixture(name="encoded", scope="session")
def _encoded() -> Callable[..., Encoded]:
    return encoded


@pytest.fixture(name="pair_of", scope="session")
def _pair_of() -> Callable[..., Pair]:
    return pair_of


@pytest.fixture(name="small_protocol", scope="session")
def _small_protocol() -> Callable[..., Protocol]:
    return small_protocol


@pytest.fixture(name="evidence", scope="session")
def _evidence() -> Callable[..., Evidence]:
    return evidence
