"""An entry of a pairs.toml: read strictly, and written as it is read."""

from pathlib import Path

import pytest

from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.checkpoint import local_directory
from mechshift.benchmark.pairs.entry import entry_text, read_entries
from mechshift.benchmark.pairs.registry import list_pairs
from mechshift.benchmark.pairs.spec import LoaderSpec, MemberSpec
from mechshift.errors import MechshiftError, PairError, UsageError

WHOLE = """
["mine-0.5b"]
about = "Mine"
source = "arXiv 1"
confounds = ["other data", "other tokens"]
precision = "bfloat16"
arm = { hub = "org/arm", revision = "abc", licence = "MIT" }

["mine-0.5b".mdm]
path = "beside"
shift = false
attention = "block:8"
mask_token = 7
native = "qwen2"
dropped_keys = ["qk_norm"]
key_map = { '^inner\\.' = "" }
kernel = "eager"
"""
SMALL = {
    "about": '"Mine"',
    "arm": '{ hub = "org/arm" }',
    "mdm": '{ hub = "org/mdm", shift = true, attention = "full" }',
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pairs.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_is_declared_arrives(tmp_path: Path) -> None:
    spec = read_entries(written(tmp_path, WHOLE))["mine-0.5b"].spec
    loader = LoaderSpec(precision="bfloat16")
    assert spec.arm == MemberSpec("org/arm", revision="abc", loader=loader, place="hub")
    assert spec.mdm == MemberSpec(
        str(tmp_path / "beside"),
        attention=Attention("block", 8),
        shift=False,
        mask_token=7,
        loader=LoaderSpec("qwen2", ("qk_norm",), ((r"^inner\.", ""),), "bfloat16", "eager"),
        place="directory",
    )
    assert (spec.name, spec.control) == ("mine-0.5b", False)
    assert spec.confounds == ("other data", "other tokens")


@pytest.mark.parametrize("name", list_pairs())
def test_an_entry_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    entry = list_pairs()[name].entry
    assert read_entries(written(tmp_path, entry_text(name, entry)))[name].entry == entry


@pytest.mark.parametrize("name", ["🙂", "a.b", 'a"b', "a\\b", "del\x7f", "line\nline"])
def test_any_text_can_be_written(name: str, tmp_path: Path) -> None:
    entry = list_pairs()["diffullama-7b"].entry.model_copy(update={"about": f"about {name}"})
    assert read_entries(written(tmp_path, entry_text(name, entry)))[name].entry == entry


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"about": '""'}, "at least 1 character, at about"),
        ({"colour": '"red"'}, "Extra inputs are not permitted, at colour"),
        ({"precision": '"int8"'}, "at precision"),
        ({"arm": '{ hub = "org/arm", path = "x" }'}, "either a path or a hub id, at arm"),
        ({"arm": "{ }"}, "either a path or a hub id, at arm"),
        ({"arm": '{ path = "x", revision = "abc" }'}, "a path has none, at arm"),
        ({"arm": '{ hub = "org/arm", attention = "full" }'}, "an arm declares no shift"),
        ({"mdm": '{ hub = "org/mdm", shift = true }'}, "the mdm declares shift and attention"),
        ({"mdm": '{ hub = "m", shift = true, attention = "full", mask_token = -1 }'}, "at mdm.mask_token"),
        ({"mdm": '{ hub = "m", shift = true, attention = "full", mask_token = true }'}, "at mdm.mask_token"),
        (
            {"mdm": '{ hub = "m", shift = true, attention = "half" }'},
            "attention 'half' is not known .*entry mine",
        ),
        ({"mdm": '{ hub = "m", shift = 3, attention = "full" }'}, "at mdm.shift"),
        ({"mdm": '{ hub = "m", shift = "yes", attention = "full" }'}, "at mdm.shift"),
        ({"mdm": '{ hub = "m", shift = 1, attention = "full" }'}, "at mdm.shift"),
        ({"control": '"yes"'}, "at control"),
        ({"arm": '{ hub = "m", key_map = { "a(" = "b" } }'}, r"a key map of 'a\('.*entry mine"),
        ({"arm": '{ hub = "m", key_map = { "a" = "\\\\9" } }'}, r"a key map of 'a'.*entry mine"),
        ({"about": "Mine"}, "Invalid value"),
    ],
)
def test_what_is_no_entry_is_refused(change: dict[str, str], message: str, tmp_path: Path) -> None:
    lines = "".join(f"{key} = {value}\n" for key, value in {**SMALL, **change}.items())
    with pytest.raises(UsageError, match=message) as found:
        read_entries(written(tmp_path, "[mine]\n" + lines))
    assert isinstance(found.value, MechshiftError)
    assert found.value.exit_code == 2


def test_a_path_is_never_looked_up_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from a relative file, a missing directory `org/mdm` looks like a hub id."""
    monkeypatch.chdir(tmp_path)
    lines = "".join(f"{key} = {value}\n" for key, value in SMALL.items())
    Path("pairs.toml").write_text("[mine]\n" + lines.replace('hub = "org/mdm"', 'path = "org/mdm"'))
    spec = read_entries(Path("pairs.toml"))["mine"].spec
    with pytest.raises(PairError, match="org/mdm is not a directory"):
        local_directory(spec.mdm)
    Path("org/mdm").mkdir(parents=True)
    assert local_directory(spec.mdm) == Path("org/mdm")


def test_a_hub_id_is_never_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("org/arm").mkdir(parents=True)
    lines = "".join(f"{key} = {value}\n" for key, value in SMALL.items())
    assert local_directory(read_entries(written(tmp_path, "[mine]\n" + lines))["mine"].spec.arm) is None


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    lines = "".join(f"{key} = {value}\n" for key, value in SMALL.items())
    entries = written(tmp_path, "[mine]\n" + lines.replace('hub = "org/mdm"', 'path = "~/mdm"'))
    assert read_entries(entries)["mine"].spec.mdm.checkpoint == str(tmp_path / "home" / "mdm")


def test_a_control_that_is_no_arm_is_refused(tmp_path: Path) -> None:
    lines = "".join(f"{key} = {value}\n" for key, value in {"control": "true", **SMALL}.items())
    with pytest.raises(PairError, match=r"control pair 'mine'.*entry mine"):
        read_entries(written(tmp_path, "[mine]\n" + lines))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no file of pairs: .*No such file"):
        read_entries(tmp_path / "none.toml")
