"""Batches of random prompts, and the members, batches and reference arrays of the oracles."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import GPT2LMHeadModel, LlamaForCausalLM

from mechshift.benchmark.circuits.batch import Batch, LogitDifference, LogOdds, Metric, ProbabilityDifference
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

VOCABULARY = 23
MASK = VOCABULARY - 1
"""Of the members that these batches are for."""

ORACLES = Path(__file__).parents[1] / "oracles"


def batch_of_one_beginning() -> Batch:
    """Prompts of 24 tokens that share their first 20."""
    clean, corrupted = torch.randint(VOCABULARY - 1, (2, 3, 24), generator=torch.Generator().manual_seed(4))
    corrupted[:, :20] = clean[:, :20] = clean[:1, :20].clone()
    index = torch.arange(3)
    metric = LogitDifference(index, index + 1, index + 7, 3)
    return Batch(clean, corrupted, index, torch.full((3,), 23), metric, index % 2)


def random_batch(metric: str = "one read", examples: int = 3, tokens: int = 6, seed: int = 1) -> Batch:
    """`one read` of one row per example, `states` of several reads each, `probability` or `log odds`."""
    generator = torch.Generator().manual_seed(seed)

    def draw(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=generator)

    index = torch.arange(examples)
    rows, row_example, read_row = examples, None, index
    read_position = torch.full((examples,), tokens - 1)
    if metric == "states":
        rows, row_example = 2 * examples, index.repeat_interleave(2)
        read_row = torch.arange(rows).repeat_interleave(2)
        read_position = torch.tensor([tokens - 2, tokens - 1]).repeat(rows)
    elif metric == "probability":
        read_row, read_position = index.repeat(2), torch.cat([read_position - 1, read_position])
    reads = len(read_row)
    chosen: Metric
    if metric == "probability":
        signs = [draw(3, examples, VOCABULARY).float() - 1 for _ in range(2)]
        chosen = ProbabilityDifference(
            index, signs[0], index + examples, signs[1], draw(VOCABULARY - 1, examples)
        )
    elif metric == "log odds":
        sign = draw(3, examples, VOCABULARY)
        sign[:, :2] = torch.tensor([0, 2])
        chosen = LogOdds(index, sign == 2, sign == 0)
    else:
        example = read_row if row_example is None else row_example[read_row]
        chosen = LogitDifference(example, draw(MASK, reads), draw(MASK, reads), examples)
    clean, corrupted = draw(MASK, 2, rows, tokens)
    return Batch(clean, corrupted, read_row, read_position, chosen, index % 2, row_example)


def oracle_reference(name: str) -> dict[str, np.ndarray]:
    """The arrays that the EAP-IG library wrote for an oracle."""
    return dict(np.load(ORACLES / name / "reference.npz"))


def oracle_member(name: str) -> Member:
    model = {"gpt2": GPT2LMHeadModel, "llama": LlamaForCausalLM}[name].from_pretrained(ORACLES / name)
    return Member("arm", read_backbone(model.eval()), Attention("causal"), shift=True, mask_id=97)


def oracle_batch(reference: dict[str, np.ndarray]) -> Batch:
    index = torch.arange(12)
    answer, foil = torch.from_numpy(reference["answer_foil"]).T
    clean, corrupted = torch.from_numpy(reference["clean"]), torch.from_numpy(reference["corrupted"])
    return Batch(
        clean, corrupted, index, torch.full((12,), 13), LogitDifference(index, answer, foil, 12), index % 3
    )
