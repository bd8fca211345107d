"""Rotary frequencies and the size of queries by the formulas, from a configuration's rotary settings."""

import math
from typing import Any

import torch
from torch import Tensor


def frequencies(size: int, settings: dict[str, Any]) -> Tensor:
    """θ^(−2i/d), float64 [d / 2]; with YaRN (Peng et al. 2023) slow ones are divided by the factor.

    Fast ones are kept, and those between are on a ramp.
    """
    theta = settings["rope_theta"]
    plain = [theta ** (-2 * pair / size) for pair in range(size // 2)]
    if settings["rope_type"] == "default":
        return torch.tensor(plain, dtype=torch.float64)
    assert settings["rope_type"] == "yarn"
    low, high = (
        size
        * math.log(settings["original_max_position_embeddings"] / (settings[turns] * 2 * math.pi))
        / (2 * math.log(theta))
        for turns in ("beta_fast", "beta_slow")
    )
    first, last = max(math.floor(low), 0), min(math.ceil(high), size - 1)
    found = []
    for pair, frequency in enumerate(plain):
        stretched = min(max((pair - first) / max(last - first, 0.001), 0.0), 1.0)
        found.append(frequency * (1 - stretched) + frequency / settings["factor"] * stretched)
    return torch.tensor(found, dtype=torch.float64)


def query_sizes(tokens: int, settings: dict[str, Any]) -> Tensor:
    """By what queries are multiplied, float64 [tokens]: Llama 4's temperature, where a class has one.

    It is one step more each time the length that the model was trained at is gone through.
    """
    if "llama_4_scaling_beta" not in settings:
        return torch.ones(tokens, dtype=torch.float64)
    through = torch.arange(tokens).div(settings["original_max_position_embeddings"], rounding_mode="floor")
    return 1 + settings["llama_4_scaling_beta"] * torch.log1p(through.double())
