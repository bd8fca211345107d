"""The ARM with noise: norms against the checkpoints' files, what stays as it was, and the seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from mechshift.benchmark.pairs.lines import make_line
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.errors import PairError

Write = Callable[..., Path]
MASK = 2


def noisy(arm: Path, mdm: Path, line: str = "noise") -> Pair:
    return open_pair(make_line(declare_pair(arm, mdm, name="mine"), line, MASK), "cpu")


def stored(directory: Path) -> dict[str, NDArray[np.float64]]:
    state = load_file(directory / "model.safetensors")
    return {name: value.double().numpy() for name, value in state.items()}


def loaded(pair: Pair) -> dict[str, NDArray[np.float64]]:
    """The second member's parameters, experts one by one and apart as they are published."""
    found = {}
    for name, value in pair.mdm.backbone.model.named_parameters():
        layer, _, stacked = name.partition(".experts.")
        if not stacked:
            found[name] = value.detach().double().numpy()
            continue
        for index, matrix in enumerate(value.detach().double().numpy()):
            found[f"{layer}.experts.{index}.{stacked}"] = matrix
    return found


def as_loaded(files: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Gates and up-projections of an expert are one matrix in the native class."""
    found = {name: value for name, value in files.items() if ".experts." not in name}
    for name, value in files.items():
        if ".experts." not in name:
            continue
        stem = name.removesuffix(".weight")
        if stem.endswith("gate_proj"):
            up = files[name.replace("gate_proj", "up_proj")]
            found[stem.replace("gate_proj", "gate_up_proj")] = np.concatenate((value, up))
        elif stem.endswith("down_proj"):
            found[stem] = value
    return found


@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen3_moe"])
def test_every_matrix_has_noise_of_half_the_norm_of_its_change(kind: str, write: Write) -> None:
    arm, mdm = write("arm", kind), write("mdm", kind, seed=1)
    before, after = as_loaded(stored(arm)), as_loaded(stored(mdm))
    found = loaded(noisy(arm, mdm))
    assert found.keys() == before.keys()
    matrices = [name for name, value in before.items() if value.ndim == 2]
    assert len(matrices) > 8
    for name in matrices:
        moved = np.sqrt(((after[name] - before[name]) ** 2).sum())
        added = np.sqrt(((found[name] - before[name]) ** 2).sum())
        assert added == pytest.approx(moved / 2, rel=1e-5), name
    for name in before.keys() - set(matrices):
        assert np.array_equal(found[name], before[name]), name


def test_noise_has_no_direction_of_the_training_and_a_normal_s_shape(write: Write) -> None:
    arm, mdm = (write(name, width=64, vocabulary=40, seed=seed) for name, seed in (("arm", 0), ("mdm", 1)))
    name = "model.embed_tokens.weight"
    before, after = stored(arm)[name], stored(mdm)[name]
    noise, change = loaded(noisy(arm, mdm))[name] - before, after - before
    cosine = (noise * change).sum() / np.sqrt((noise**2).sum() * (change**2).sum())
    # Of 2,560 independent numbers, four standard errors.
    assert abs(cosine) < 4 / np.sqrt(noise.size)
    standard = noise / noise.std()
    assert abs((standard**4).mean() - 3) < 4 * np.sqrt(24 / noise.size)


def test_the_seed_decides_the_noise_and_its_digest(write: Write) -> None:
    arm, mdm = write("arm"), write("mdm", seed=1)
    first, again, other = (noisy(arm, mdm, line) for line in ("noise", "noise", "noise:1"))
    assert first.mdm_provenance == again.mdm_provenance
    assert first.mdm_provenance.digest != other.mdm_provenance.digest
    name = "model.layers.0.mlp.down_proj.weight"
    assert np.array_equal(loaded(first)[name], loaded(again)[name])
    assert not np.allclose(loaded(first)[name], loaded(other)[name])
    assert (first.spec.name, other.spec.name) == ("mine-noise", "mine-noise-1")
    # Neither is a checkpoint that there is.
    assert first.moved_to is not None
    assert len({first.arm_provenance.digest, first.moved_to.digest, first.mdm_provenance.digest}) == 3


def test_where_nothing_moved_there_is_no_noise(write: Write) -> None:
    arm = write("arm")
    pair = noisy(arm, arm)
    assert pair.same_weights
    assert all(np.isfinite(value).all() for value in loaded(pair).values())


def test_rows_of_the_mdm_alone_are_left_out(write: Write) -> None:
    arm, mdm = write("arm", vocabulary=40), write("mdm", seed=1, vocabulary=44)
    name = "model.embed_tokens.weight"
    before, after = stored(arm)[name], stored(mdm)[name][:40]
    found = loaded(noisy(arm, mdm))[name]
    assert found.shape == before.shape
    norms = [np.sqrt(((each - before) ** 2).sum()) for each in (found, after)]
    assert norms[0] == pytest.approx(norms[1] / 2, rel=1e-5)


def test_the_noisy_arm_is_asked_as_an_arm(write: Write) -> None:
    pair = noisy(write("arm"), write("mdm", seed=1))
    assert pair.mdm.autoregressive
    assert (pair.mdm.called, str(pair.mdm.attention), pair.mdm.shift) == ("noisy ARM", "causal", True)
    text = torch.tensor([[3, 4, 5, 6, 7]])
    with torch.no_grad():
        arm, second = (member.hidden(member.embed(text)) for member in pair.members)
    assert not torch.allclose(arm, second)


def test_an_mdm_of_another_backbone_moves_nothing(write: Write) -> None:
    with pytest.raises(PairError, match="different backbones"):
        noisy(write("arm"), write("mdm", layers=3))
