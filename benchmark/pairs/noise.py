"""The ARM with noise on its matrices: a share of what post-training moved them by, in no direction."""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from .member import Member
from .movement import sum_of_squares

Norms = Mapping[str, tuple[float, ...]]
"""Of every parameter that holds matrices the Frobenius norm of something, one for each matrix."""


def distances(arm: Member, mdm: Member) -> Norms:
    """‖W_mdm − W_arm‖ of every matrix of the ARM; token rows that the MDM alone has are left out.

    Both must have one backbone (`check_same_backbone`). Stacked experts are as many matrices.
    """
    moved = dict(mdm.backbone.model.named_parameters())
    return {
        name: tuple(
            sum_of_squares(after.float() - before.float()) ** 0.5
            for before, after in zip(
                _matrices(parameter), _matrices(moved[name][: len(parameter)]), strict=True
            )
        )
        for name, parameter in _with_matrices(arm)
    }


@torch.no_grad()
def add_noise(member: Member, norms: Norms, seed: int) -> None:
    """Adds, in place, normal noise of exactly these norms to the matrices; nothing else changes.

    The same seed gives the same noise on any machine: it is numpy's, and not torch's.
    """
    for number, (name, parameter) in enumerate(_with_matrices(member)):
        generator = np.random.default_rng([seed, number])
        for matrix, norm in zip(_matrices(parameter.data), norms[name], strict=True):
            drawn = torch.from_numpy(generator.standard_normal(tuple(matrix.shape), dtype=np.float32))
            noise = drawn * (norm / sum_of_squares(drawn) ** 0.5)
            matrix.copy_(matrix.float() + noise.to(matrix.device))


def digest_of_weights(member: Member, checkpoint: str) -> str:
    """Hexadecimal SHA-256 of all parameters, behind the digest of the checkpoint whose settings they have."""
    total = hashlib.sha256(checkpoint.encode())
    for name, parameter in member.backbone.model.named_parameters():
        total.update(name.encode())
        total.update(parameter.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return total.hexdigest()


def _with_matrices(member: Member) -> Iterator[tuple[str, Tensor]]:
    """Biases and the weights of norms are no matrices."""
    named = member.backbone.model.named_parameters()
    return ((name, parameter) for name, parameter in named if parameter.ndim >= 2)


def _matrices(parameter: Tensor) -> tuple[Tensor, ...]:
    """The matrices of a parameter, as views: of stacked experts one for each."""
    return (parameter,) if parameter.ndim == 2 else tuple(parameter.flatten(0, -3).unbind(0))
