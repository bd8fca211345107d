import re
from pathlib import Path

import pytest

from mechshift import baselines
from mechshift.baselines.training.recipe import list_recipes
from mechshift.benchmark.pairs import registry
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.registry import Listed, get_pair, list_pairs
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.errors import PairError, UsageError

FOLDER = Path(baselines.__file__).parent


def test_the_reference_pair_is_in_the_package() -> None:
    spec = get_pair("tiny")
    assert spec.name == "tiny"
    assert Path(spec.arm.checkpoint) == FOLDER / "reference" / "tiny" / "arm"
    assert Path(spec.mdm.checkpoint) == FOLDER / "reference" / "tiny" / "mdm"
    assert (spec.arm.attention, spec.arm.shift) == (Attention("causal"), True)
    assert (spec.mdm.attention, spec.mdm.shift) == (Attention("full"), True)


def test_every_pair_of_the_file_is_listed_with_what_it_is() -> None:
    names = re.findall(r"^\[([^\]]+)\]$", (FOLDER / "pairs.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert list(list_pairs()) == names
    for name, listed in list_pairs().items():
        assert listed.spec.name == name
        assert len(listed.about.splitlines()) == 1


def test_a_reference_pair_is_declared_as_it_was_trained() -> None:
    listed = list_pairs()
    for recipe in list_recipes():
        spec, second = listed[recipe.name].spec, recipe.second
        assert spec.control == (second.role == "control")
        assert (spec.mdm.attention, spec.mdm.shift) == (second.attention, second.shift)
        folder = FOLDER / "reference" / recipe.name
        assert Path(spec.mdm.checkpoint) == folder / second.role
        assert Path(spec.arm.checkpoint) == FOLDER / "reference" / "tiny" / "arm"


def test_weights_that_are_not_installed_are_found_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        PairError, match="not part of this installation\nrun the command in a checkout that"
    ) as found:
        get_pair("tiny-block")
    assert "mechshift.baselines.training tiny-block --out" in found.value.remedy
    reference = tmp_path / "baselines" / "reference"
    (reference / "tiny-block" / "mdm").mkdir(parents=True)
    with pytest.raises(PairError, match="not part of this installation"):
        get_pair("tiny-block")  # the ARM of the installation is not mixed with this
    (reference / "tiny" / "arm").mkdir(parents=True)
    spec = get_pair("tiny-block")
    assert Path(spec.mdm.checkpoint) == reference / "tiny-block" / "mdm"
    assert Path(spec.arm.checkpoint) == reference / "tiny" / "arm"


def test_a_checkout_does_not_stand_in_for_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for member in ("arm", "mdm"):
        (tmp_path / "baselines" / "reference" / "tiny" / member).mkdir(parents=True)
    spec = get_pair("tiny")
    assert all(Path(one.checkpoint).is_relative_to(FOLDER) for one in (spec.arm, spec.mdm))


def test_a_hub_id_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = declare_pair("org/arm", str(FOLDER / "reference" / "elsewhere" / "mdm"), name="mixed")
    monkeypatch.setattr(registry, "list_pairs", lambda: {"mixed": Listed(spec, "half of it on the hub")})
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "baselines" / "reference" / "elsewhere" / "mdm"
    place.mkdir(parents=True)
    found = get_pair("mixed")
    assert (found.arm.checkpoint, Path(found.mdm.checkpoint)) == ("org/arm", place)


def test_an_unknown_pair_is_offered_near_names() -> None:
    with pytest.raises(UsageError, match="unknown pair 'tinny'\ndid you mean tiny") as found:
        get_pair("tinny")
    assert found.value.exit_code == 2
    with pytest.raises(UsageError, match=r"unknown pair 'Dream-7B'\nknown: .*tiny"):
        get_pair("Dream-7B")
