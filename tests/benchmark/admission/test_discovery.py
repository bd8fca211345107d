"""What an entry for two checkpoints can be found out from the checkpoints."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mechshift import baselines
from mechshift.benchmark.admission import behaviour
from mechshift.benchmark.admission.discovery import BLOCK_KEYS, Discovery, discover_pair
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.entry import entry_text, read_entries
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.errors import NotComputable, PairError

REFERENCE = Path(baselines.__file__).parent / "reference" / "tiny"


def found(mdm: Path, beside: Path, *given: str, **declared: object) -> Discovery:
    spec = declare_pair(str(mdm.parent / "arm"), str(mdm), **declared)  # type: ignore[arg-type]
    return discover_pair(spec, given, beside, "cpu")


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny's members stored in single precision: a CPU takes several times as long in half."""
    folder = tmp_path_factory.mktemp("single")
    for member in ("arm", "mdm"):
        store(Path(shutil.copytree(REFERENCE / member, folder / member)), torch.float32)
    return folder


@pytest.fixture
def mdm(single: Path, tmp_path: Path) -> Path:
    """A copy of tiny's MDM that can be changed, beside one of its ARM."""
    shutil.copytree(single / "arm", tmp_path / "arm")
    return Path(shutil.copytree(single / "mdm", tmp_path / "mdm"))


def store(directory: Path, dtype: torch.dtype) -> None:
    path = directory / "model.safetensors"
    save_file({name: value.to(dtype) for name, value in load_file(path).items()}, path, {"format": "pt"})
    change_config(directory, dtype=str(dtype).removeprefix("torch."))


def test_shift_and_attention_are_found_from_how_gaps_are_filled(mdm: Path, tmp_path: Path) -> None:
    """tiny was trained with shift and full attention, and is looked at here as if it had neither."""
    discovery = found(mdm, tmp_path, shift=False, attention="causal")
    entry = discovery.entry
    assert (entry.mdm.shift, entry.mdm.attention, entry.mdm.mask_token) == (True, "full", None)
    assert (entry.mdm.native, entry.mdm.key_map, entry.precision) == (None, {}, "auto")
    assert "gaps are filled rightly with shift, full" in discovery.remarks[0]


def test_what_is_declared_is_not_looked_for(mdm: Path, tmp_path: Path) -> None:
    entry = found(mdm, tmp_path, "attention", attention="block:16").entry
    assert (entry.mdm.shift, entry.mdm.attention) == (True, "block:16")


def test_a_block_size_of_the_configuration_is_taken_where_gaps_do_not_tell(mdm: Path, tmp_path: Path) -> None:
    change_config(mdm, block_size=32)
    assert found(mdm, tmp_path).entry.mdm.attention == "block:32"


def test_a_block_size_of_the_configuration_that_fills_worse_is_not(mdm: Path, tmp_path: Path) -> None:
    change_config(mdm, block_size=4)
    assert found(mdm, tmp_path).entry.mdm.attention == "full"


def test_blocks_that_no_text_shows_are_taken_from_the_configuration(mdm: Path, tmp_path: Path) -> None:
    """No text has 64 tokens: blocks of 64 are the same as full attention."""
    change_config(mdm, block_length=64)
    discovery = found(mdm, tmp_path)
    assert discovery.entry.mdm.attention == "block:64"
    assert discovery.remarks[-2:] == (
        "config.json names blocks of 64, and the gaps do not speak against them.",
        "On texts that are shorter than a block full attention is the same: the model's card decides.",
    )


def test_blocks_of_the_configuration_that_fill_worse_are_remarked_on(mdm: Path, tmp_path: Path) -> None:
    change_config(mdm, bd_size=6)
    discovery = found(mdm, tmp_path)
    assert discovery.entry.mdm.attention == "full"
    assert discovery.remarks[-1] == (
        "config.json names blocks of 6, with which gaps are filled clearly worse."
    )


# As many as there are keys that could say it.
@pytest.mark.parametrize("sizes", [(True, "32", 0), (4.0, None, "block:4")])
def test_what_is_no_block_size_is_none(sizes: tuple[object, ...], mdm: Path, tmp_path: Path) -> None:
    change_config(mdm, **dict(zip(BLOCK_KEYS, sizes, strict=True)))
    discovery = found(mdm, tmp_path)
    assert discovery.entry.mdm.attention == "full"
    assert not any("config.json" in remark for remark in discovery.remarks)


def test_a_mask_token_without_a_row_is_refused(mdm: Path, tmp_path: Path) -> None:
    change_config(mdm, mask_token_id=None)
    nameless(mdm)
    with pytest.raises(PairError, match="outside the MDM's vocabulary") as caught:
        found(mdm, tmp_path, mask_token="99999")
    assert caught.value.check == "mask token"


def change_config(directory: Path, **changes: object) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def nameless(directory: Path) -> None:
    """The tokenizer's files no longer say which token is the mask."""
    settings = json.loads((directory / "tokenizer_config.json").read_text())
    settings.pop("mask_token")
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    (directory / "special_tokens_map.json").unlink(missing_ok=True)


def test_an_unknown_family_with_other_names_loads_as_the_arms_class(mdm: Path, tmp_path: Path) -> None:
    change_config(mdm, model_type="somebodys-diffusion")
    path = mdm / "model.safetensors"
    renamed = {name.replace("model.", "denoiser.inner.", 1): value for name, value in load_file(path).items()}
    save_file(renamed, path, {"format": "pt"})
    discovery = found(mdm, tmp_path)
    assert discovery.entry.mdm.native == "llama"
    assert discovery.entry.mdm.key_map == {r"^denoiser\.inner\.": "model."}
    entries = tmp_path / "mine.toml"
    entries.write_text(entry_text("mine", discovery.entry))
    assert load_pair(read_entries(entries)["mine"].spec, "cpu").mdm.attention.kind == "full"


def test_paths_are_relative_to_the_entrys_file(mdm: Path, tmp_path: Path) -> None:
    assert found(mdm, tmp_path / "deep").entry.mdm.path == "../mdm"


OUTSIDE = "---\ntags: []\n---\nlicense: mit\n---\n"


@pytest.mark.parametrize(
    ("of_arm", "of_mdm", "licences"),
    [
        (
            OUTSIDE,
            "---\ntags:\n- text\nlicense: apache-2.0\n---\n# Mine\nlicense: none\n",
            (None, "apache-2.0"),
        ),
        ("---\nlicense: [\n---\n", "---\nlicense:\n---\n", (None, None)),
    ],
)
def test_a_licence_is_read_from_the_header_of_the_model_card_alone(
    of_arm: str, of_mdm: str, licences: tuple[str | None, ...], mdm: Path, tmp_path: Path
) -> None:
    (tmp_path / "arm" / "README.md").write_text(of_arm)
    (mdm / "README.md").write_text(of_mdm)
    entry = found(mdm, tmp_path).entry
    assert (entry.arm.licence, entry.mdm.licence) == licences


def test_members_of_two_precisions_are_run_at_the_mdms(mdm: Path, tmp_path: Path) -> None:
    store(tmp_path / "arm", torch.float16)
    store(mdm, torch.bfloat16)
    assert found(mdm, tmp_path).entry.precision == "bfloat16"


def test_a_model_that_fills_nothing_has_to_be_declared(mdm: Path, tmp_path: Path) -> None:
    path = mdm / "model.safetensors"
    state = load_file(path)
    state["model.norm.weight"] *= -1  # every logit is turned round
    save_file(state, path, {"format": "pt"})
    with pytest.raises(
        NotComputable, match="too few to tell how it reads\ntake shift and attention from the model's card"
    ):
        found(mdm, tmp_path)


def test_a_mask_token_that_nothing_names_has_to_be_declared(
    mdm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tiny was never masked but in answers: many masks in a text do not tell its mask token from others."""
    monkeypatch.setattr(behaviour, "MOST_MOVED", 4)  # each is tried in every way
    nameless(mdm)
    change_config(mdm, mask_token_id=None)
    with pytest.raises(NotComputable, match="declare it: --mask-token"):
        found(mdm, tmp_path)
    assert found(mdm, tmp_path, mask_token="<|mask|>").entry.mdm.mask_token == "<|mask|>"
