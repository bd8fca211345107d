import re
from dataclasses import replace
from pathlib import Path

import pytest

from mechshift import baselines
from mechshift.baselines.structure.roster import CONTROLS, POST_TRAINED, control_of
from mechshift.baselines.training.recipe import list_recipes
from mechshift.benchmark.pairs import registry
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.registry import get_controls, get_pair, list_pairs
from mechshift.benchmark.pairs.spec import MemberSpec, PairSpec
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
    text = (FOLDER / "pairs.toml").read_text(encoding="utf-8")
    names = [name.strip('"') for name in re.findall(r'^\[("[^"]+"|[^".\]]+)\]$', text, re.MULTILINE)]
    assert list(list_pairs()) == names
    for name, listed in list_pairs().items():
        assert listed.spec.name == name
        assert len(listed.entry.about.splitlines()) == 1


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
    mdm = MemberSpec(str(FOLDER / "reference" / "elsewhere" / "mdm"), place="directory")
    spec = PairSpec("mixed", MemberSpec("org/arm", place="hub"), mdm)
    tiny = list_pairs()["tiny"]
    monkeypatch.setattr(registry, "list_pairs", lambda: {"mixed": replace(tiny, spec=spec)})
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "baselines" / "reference" / "elsewhere" / "mdm"
    place.mkdir(parents=True)
    found = get_pair("mixed")
    assert (found.arm.checkpoint, Path(found.mdm.checkpoint)) == ("org/arm", place)


@pytest.mark.parametrize("name", ["", " ", "mine.tom", "some/where", "a/" + 300 * "b"])
def test_what_can_be_no_pair_is_said_to_be_none(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.tom").touch()
    with pytest.raises(UsageError, match=r"is neither a listed pair nor a \.toml file"):
        get_pair(name)


def test_a_file_without_a_pair_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "none.toml").touch()
    with pytest.raises(UsageError, match="has no pair\nwrite one"):
        get_pair(str(tmp_path / "none.toml"))


def test_an_unknown_pair_is_offered_near_names() -> None:
    with pytest.raises(UsageError, match="unknown pair 'tinny'\ndid you mean tiny") as found:
        get_pair("tinny")
    assert found.value.exit_code == 2
    with pytest.raises(UsageError, match=r"unknown pair 'Dream-7B'\ndid you mean dream-7b"):
        get_pair("Dream-7B")
    with pytest.raises(UsageError, match=r"unknown pair '!'\nknown: tiny"):
        get_pair("!")


FAMILIES = {
    # checkpoints, how many, whether shifted, attention, mask token: as papers, cards and code have them
    "dream": ("Dream-org/Dream-v0-", 2, True, "full", "<|mask|>"),
    "dream-coder": ("Dream-org/Dream-Coder-", 2, True, "full", 151666),
    "diffucoder": ("apple/DiffuCoder-", 3, True, "full", 151666),
    "diffullama": ("diffusionfamily/diffullama", 1, True, "full", 811),
    "diffugpt-s": ("diffusionfamily/diffugpt-s", 1, True, "full", 10541),
    "diffugpt-m": ("diffusionfamily/diffugpt-m", 1, True, "full", 50257),
    "a2d-mdlm": ("-diffusion-mdlm-v0.1", 2, False, "full", None),
    "a2d-bd3lm": ("-diffusion-bd3lm-v0.1", 2, False, "block:32", None),
    "opdlm": ("divelab/OPDLM-", 5, False, "block:4", None),
    "open-dcoder": ("fredzzp/open-dcoder-0.5B", 1, True, "full", None),
    "sdar": ("-Chat", 4, False, "block:4", 151669),
    "sdar-b8": ("-Chat-b8", 4, False, "block:8", 151669),
    "sdar-b16": ("-Chat-b16", 3, False, "block:16", 151669),
    "sdar-b32": ("-Chat-b32", 4, False, "block:32", 151669),
    "sdar-b64": ("-Chat-b64", 3, False, "block:64", 151669),
    "trado": ("Gen-Verse/TraDo-", 3, False, "block:4", 151669),
    "fast-dllm-v2": ("Efficient-Large-Model/Fast_dLLM_v2_", 2, True, "block:32", 151665),
    "wedlm": ("tencent/WeDLM-", 4, False, "observed-first", None),
    "rnd1": ("radicalnumerics/RND1-Base-0910", 1, True, "full", 151669),
    "stable-diffcoder": ("ByteDance-Seed/Stable-DiffCoder-8B-", 2, False, "block:4", 5),
    "i-dlm": ("yifanyu/I-DLM-", 2, True, "causal", 151669),
    "efficient-dlm": ("nvidia/Efficient-DLM-", 2, False, "block:32", 151662),
    "nemotron": ("nvidia/Nemotron-Labs-Diffusion-", 6, False, "context-causal:32", 100),
}


def of_family(place: str) -> list[MemberSpec]:
    published = [each for each in list_pairs().values() if each.entry.mdm.hub is not None]
    mdms = [listed.spec.mdm for listed in published if not listed.spec.control]
    return [mdm for mdm in mdms if mdm.checkpoint.startswith(place) or mdm.checkpoint.endswith(place)]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_published_family_is_declared_as_it_was_published(family: str) -> None:
    place, number, shift, attention, mask = FAMILIES[family]
    found = of_family(place)
    assert len(found) == number
    assert {(mdm.shift, str(mdm.attention), mdm.mask_token) for mdm in found} == {(shift, attention, mask)}


def test_every_published_pair_is_of_a_family_and_names_a_confound() -> None:
    of_families = {mdm.checkpoint for place, *_ in FAMILIES.values() for mdm in of_family(place)}
    published = [listed for listed in list_pairs().values() if listed.entry.mdm.hub is not None]
    mdms = {listed.spec.mdm.checkpoint for listed in published if not listed.spec.control}
    assert mdms == of_families
    assert all(listed.spec.confounds for listed in published)


SIBLINGS = {
    # ARM, and what was trained further from it without diffusion, or is an ARM in another mode
    "Qwen/Qwen2.5-7B": {"Qwen/Qwen2.5-Coder-7B", "Qwen/Qwen2.5-7B-Instruct"},
    "Qwen/Qwen2.5-Coder-0.5B": {"Qwen/Qwen2.5-Coder-0.5B-Instruct"},
    "Qwen/Qwen2.5-Coder-7B": {"Qwen/Qwen2.5-Coder-7B-Instruct"},
    "meta-llama/Llama-2-7b-hf": {"meta-llama/Llama-2-7b-chat-hf"},
    "Qwen/Qwen3-1.7B-Base": {"Qwen/Qwen3-1.7B"},
    "Qwen/Qwen3-4B-Base": {"Qwen/Qwen3-4B"},
    "Qwen/Qwen3-8B-Base": {"Qwen/Qwen3-8B"},
    "Qwen/Qwen3-30B-A3B-Base": {"Qwen/Qwen3-30B-A3B"},
    "ByteDance-Seed/Seed-Coder-8B-Base": {"ByteDance-Seed/Seed-Coder-8B-Instruct"},
    **{
        f"mistralai/Ministral-3-{size}-Base-2512": {
            f"nvidia/Nemotron-Labs-Diffusion-{size}-Base",
            f"nvidia/Nemotron-Labs-Diffusion-{size}",
        }
        for size in ("3B", "8B", "14B")
    },
}


def test_the_control_of_a_model_of_two_modes_is_the_other_mode_of_the_same_weights() -> None:
    pairs = list_pairs()
    in_two = {
        name: each.spec for name, each in pairs.items() if each.spec.mdm.attention.kind == "context-causal"
    }
    assert len(in_two) == 6
    for name, spec in in_two.items():
        first = pairs[get_controls(name)[0]].spec
        assert first.mdm == replace(spec.mdm, attention=Attention("causal"), shift=True)
        assert first.arm == spec.arm


def test_a_published_pair_names_all_siblings_of_its_arm() -> None:
    pairs = list_pairs()
    for name, listed in pairs.items():
        if listed.entry.mdm.hub is not None and not listed.spec.control:
            siblings = {pairs[control].spec.mdm.checkpoint for control in get_controls(name)}
            assert siblings == SIBLINGS.get(listed.spec.arm.checkpoint, set()), name


def test_a_sibling_serves_a_pair_and_masks_as_all_of_its_pairs_do() -> None:
    pairs = list_pairs()
    for name, listed in pairs.items():
        if listed.entry.mdm.hub is not None and listed.spec.control:
            served = [each.spec for each in pairs.values() if name in each.entry.controls]
            assert served
            masks = {spec.mdm.mask_token for spec in served}
            assert listed.spec.mdm.mask_token == (masks.pop() if len(masks) == 1 else None)


@pytest.mark.parametrize(
    ("pair", "first"),
    [
        ("dream-7b", "qwen2.5-coder-7b"),
        ("dream-7b-instruct", "qwen2.5-7b-instruct"),
        ("wedlm-7b-instruct", "qwen2.5-7b-instruct"),
    ],
)
def test_an_mdm_tuned_on_instructions_is_read_beside_a_sibling_that_is_too(pair: str, first: str) -> None:
    assert get_controls(pair)[0] == first


def test_a_reference_pair_is_read_beside_the_control_of_its_seed_and_names_all_seeds() -> None:
    for pair in POST_TRAINED:
        first, *others = get_controls(pair)
        assert first == control_of(pair)
        assert {first, *others} == set(CONTROLS)
    assert get_controls("tiny-scratch") == get_controls("tiny-continued") == ()


def test_the_controls_of_an_entry_of_ones_own_are_named_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    one = (
        'about = "Mine"\narm.hub = "org/arm"\nmdm = {{ hub = "org/{0}", shift = true, attention = "{1}" }}\n'
    )
    control = "[more]\ncontrol = true\n" + one.format("more", "causal")
    path.write_text('[mine]\ncontrols = ["more"]\n' + one.format("mdm", "full") + control)
    assert get_controls(f"{path}:mine") == (f"{path}:more",)
    assert get_pair(get_controls(f"{path}:mine")[0]).control
    arm = 'arm = { hub = "Qwen/Qwen3-4B-Base" }\nprecision = "bfloat16"\ncontrols = ["qwen3-4b-chat"]\n'
    path.write_text(f'[mine]\nabout = "Mine"\n{arm}mdm = {{ hub = "o/m", shift = true, attention = "full" }}')
    assert get_controls(str(path)) == ("qwen3-4b-chat",)
    with pytest.raises(UsageError, match="unknown pair 'tinny'"):
        get_controls("tinny")


def test_a_pinned_revision_is_a_commit() -> None:
    members = [one for each in list_pairs().values() for one in (each.spec.arm, each.spec.mdm)]
    pinned = [one.revision for one in members if one.revision is not None]
    assert len(pinned) > 40
    assert all(re.fullmatch("[0-9a-f]{40}", revision) for revision in pinned)


def test_an_entry_of_ones_own_is_run_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    mdm = '{{ hub = "org/mdm", shift = true, attention = "full" }}'
    one = '[{name}]\nabout = "Mine"\narm.hub = "org/arm"\nmdm = ' + mdm + "\n"
    path.write_text(one.format(name="first"))
    assert get_pair(str(path)).mdm == MemberSpec("org/mdm", attention=Attention("full"), place="hub")
    path.write_text(one.format(name="first") + one.format(name="second"))
    assert get_pair(f"{path}:second").name == "second"
    with pytest.raises(UsageError, match=r"has 2 pairs(?s:.)*mine.toml:NAME, of first, second"):
        get_pair(str(path))
    with pytest.raises(UsageError, match=r"unknown pair of .*'secund'\ndid you mean second"):
        get_pair(f"{path}:secund")
    folder = tmp_path / "old.toml.d"
    folder.mkdir()
    path.rename(folder / "mine.toml")
    assert get_pair(f"{folder / 'mine.toml'}:first").name == "first"
    with pytest.raises(UsageError, match=r"unknown pair .tiny\.toml-2."):
        get_pair("tiny.toml-2")


def test_a_pair_whose_weights_are_not_kept_says_how_to_train_it_into_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PairError, match="weights of pair tiny-continued-seed-4 are not kept") as found:
        get_pair("tiny-continued-seed-4")
    command = "python -m mechshift.baselines.training tiny-continued-seed-4 --arm baselines/reference/tiny"
    assert f"{command} --out baselines/reference/tiny-continued-seed-4" in found.value.remedy
    for member in ("tiny/arm", "tiny-continued-seed-4/control"):
        (tmp_path / "baselines" / "reference" / member).mkdir(parents=True)
    assert get_pair("tiny-continued-seed-4").name == "tiny-continued-seed-4"
