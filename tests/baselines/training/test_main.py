from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, LlamaForCausalLM

from mechshift.baselines.training import evaluation
from mechshift.baselines.training.__main__ import train_pair
from mechshift.baselines.training.recipe import Recipe


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_pair_is_written_in_the_published_layout_and_kept(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "HELD_OUT", 8)
    train_pair(recipe, tmp_path)
    written = contents(tmp_path)
    for role in ("arm", "mdm"):
        assert f"{role}/model.safetensors" in written
        assert (
            (tmp_path / "training" / role / "log.csv").read_text().startswith("step,loss,rate,seconds,ioi,")
        )
        assert AutoTokenizer.from_pretrained(tmp_path / role).mask_token_id == 2
        _, found = LlamaForCausalLM.from_pretrained(tmp_path / role, output_loading_info=True)
        assert not any(found.values())
    arm, mdm = (load_file(tmp_path / role / "model.safetensors") for role in ("arm", "mdm"))
    assert arm.keys() == mdm.keys()
    assert any(not torch.equal(arm[name], mdm[name]) for name in arm)
    train_pair(recipe, tmp_path)
    assert contents(tmp_path) == written
