from pathlib import Path

import pytest

from mechshift.baselines.training.card import write_card
from mechshift.baselines.training.recipe import Recipe

HEADER = "step,loss,rate,seconds,ioi,infilling\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with the logs of both stages, the ARM's being that of a training that went no further."""
    for stage, row in (("arm", "2,0.5,0.01,7,0.25,0.5\n"), ("mdm", "3,0.4,0.001,9,0.75,1\n")):
        folder = tmp_path / "training" / stage
        folder.mkdir(parents=True)
        (folder / "log.csv").write_text(HEADER + row)
    return tmp_path


def test_an_arm_trained_in_the_folder_is_in_the_card(recipe: Recipe, out: Path) -> None:
    write_card(recipe, 1234567, out)
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "The ARM (`arm/`) was trained from random weights on the training split of ioi, infilling." in card
    assert "1,234,567 parameters" in card
    assert "| `arm` | 2 | 25.0 % | 50.0 % |\n| `mdm` | 3 | 75.0 % | 100.0 % |\n" in card
    assert "`training-arm.csv` and `training-mdm.csv`: step" in card


def test_a_taken_arm_is_that_of_its_pair(recipe: Recipe, out: Path) -> None:
    write_card(recipe, 1234567, out, "some-pair")
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "The ARM (`arm/` of `some-pair`) was trained" in card
    assert "| `arm` |" not in card
    assert "\n`training-mdm.csv`: step" in card
    assert not (out / "training-arm.csv").exists()
