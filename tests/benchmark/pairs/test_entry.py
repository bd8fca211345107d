"""An entry of a pairs.toml: read strictly, and written as it is read."""

import os
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
    wanted = {one: list_pairs()[one].entry for one in (name, *entry.controls)}
    text = "".join(entry_text(one, each) for one, each in wanted.items())
    read = read_entries(written(tmp_path, text))
    assert {one: each.entry for one, each in read.items()} == wanted


@pytest.mark.parametrize("name", ["🙂", "a.b", 'a"b', "a\\b", "«Ĵ»"])
def test_any_text_can_be_written(name: str, tmp_path: Path) -> None:
    entry = list_pairs()["rnd1"].entry.model_copy(update={"about": f"about {name}"})
    assert read_entries(written(tmp_path, entry_text(name, entry)), list_pairs())[name].entry == entry


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"about": '""'}, "at least 1 character, at mine.about"),
        ({"colour": '"red"'}, "Extra inputs are not permitted, at mine.colour"),
        ({"precision": '"int8"'}, "at mine.precision"),
        ({"arm": '{ hub = "org/arm", path = "x" }'}, "either a path or a hub id, at mine.arm"),
        ({"arm": "{ }"}, "either a path or a hub id, at mine.arm"),
        ({"arm": '{ path = "x", revision = "abc" }'}, "a path has none, at mine.arm"),
        ({"arm": '{ hub = "org/arm", attention = "full" }'}, "an arm declares no shift"),
        ({"mdm": '{ hub = "org/mdm", shift = true }'}, "the mdm declares shift and attention"),
        (
            {"mdm": '{ hub = "m", shift = true, attention = "full", mask_token = -1 }'},
            "mdm.mask_token",
        ),
        (
            {"mdm": '{ hub = "m", shift = true, attention = "full", mask_token = true }'},
            "mdm.mask_token",
        ),
        (
            {"mdm": '{ hub = "m", shift = true, attention = "half" }'},
            "attention 'half' is not known .*entry mine",
        ),
        ({"mdm": '{ hub = "m", shift = 3, attention = "full" }'}, "at mine.mdm.shift"),
        ({"mdm": '{ hub = "m", shift = "yes", attention = "full" }'}, "at mine.mdm.shift"),
        ({"mdm": '{ hub = "m", shift = 1, attention = "full" }'}, "at mine.mdm.shift"),
        ({"control": '"yes"'}, "at mine.control"),
        ({"controls": '"other"'}, "at mine.controls"),
        ({"controls": '["other", "other"]'}, "controls names one of them twice, at mine"),
        ({"control": "true", "controls": '["other"]'}, "a control has no controls of its own, at mine"),
        ({"arm": '{ hub = "m", key_map = { "a(" = "b" } }'}, r"a key map of 'a\('.*entry mine"),
        ({"arm": '{ hub = "m", key_map = { "a[[b]]" = "" } }'}, r"a key map of 'a\[\[b\]\]'.*entry mine"),
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


CONTROL = {"control": "true", "mdm": '{ hub = "org/more", shift = true, attention = "causal" }'}


def entries(**pairs: dict[str, str]) -> str:
    """A file of pairs, each `SMALL` with changes."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in {**SMALL, **changes}.items())
        for name, changes in pairs.items()
    )


def test_a_pair_names_controls_of_its_very_arm(tmp_path: Path) -> None:
    named = {"controls": '["second", "first"]'}
    pairs = read_entries(written(tmp_path, entries(mine=named, first=CONTROL, second=CONTROL)))
    assert pairs["mine"].entry.controls == ("second", "first")
    assert pairs["first"].entry.controls == ()


def test_a_control_may_be_listed_elsewhere_and_one_in_the_file_goes_first(tmp_path: Path) -> None:
    text = entries(mine={"controls": '["first"]'})
    elsewhere = read_entries(written(tmp_path, entries(first=CONTROL)))
    assert read_entries(written(tmp_path, text), elsewhere)["mine"].entry.controls == ("first",)
    other = {**CONTROL, "arm": '{ hub = "org/else" }'}
    with pytest.raises(PairError, match="which is of another ARM: org/else in auto"):
        read_entries(written(tmp_path, text + entries(first=other)), elsewhere)


def test_a_control_that_is_not_there_is_offered_near_names(tmp_path: Path) -> None:
    named = {"controls": '["furst"]'}
    with pytest.raises(
        UsageError, match=r"unknown control of pair mine in .*: 'furst'\ndid you mean first\?"
    ):
        read_entries(written(tmp_path, entries(mine=named, first=CONTROL, fust={})))
    with pytest.raises(UsageError, match=r"names control furst, and .* has none\nwrite an entry"):
        read_entries(written(tmp_path, entries(mine=named)))


@pytest.mark.parametrize("control", ["mine", "other"])
def test_a_control_that_is_none_is_refused(control: str, tmp_path: Path) -> None:
    text = entries(mine={"controls": f'["{control}"]'}, other={}, first=CONTROL)
    with pytest.raises(PairError, match=f"names {control} among its controls, whose second member is an MDM"):
        read_entries(written(tmp_path, text))


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ({"arm": '{ hub = "org/else" }'}, "org/else in auto by sdpa, and the pair's is org/arm in auto"),
        (
            {"arm": '{ hub = "org/arm", revision = "abc" }'},
            "org/arm@abc in auto by sdpa, and the pair's is org",
        ),
        (
            {"arm": '{ path = "org/arm" }'},
            "another ARM: .*org/arm in auto by sdpa, and the pair's is org/arm in",
        ),
        (
            {"precision": '"bfloat16"'},
            "org/arm in bfloat16 by sdpa, and the pair's is org/arm in auto by sdpa",
        ),
        (
            {"arm": '{ hub = "org/arm", native = "qwen2" }'},
            "org/arm as qwen2 in auto by sdpa, and the pair's",
        ),
        ({"arm": '{ hub = "org/arm", kernel = "eager" }'}, "org/arm in auto by eager, and the pair's is"),
    ],
)
def test_a_control_of_another_arm_is_refused(arm: dict[str, str], message: str, tmp_path: Path) -> None:
    text = entries(mine={"controls": '["first"]'}, first={**CONTROL, **arm})
    with pytest.raises(PairError, match=message) as found:
        read_entries(written(tmp_path, text))
    assert found.value.problem.startswith("pair mine names control first, which is of another ARM: ")
    assert found.value.remedy.startswith("name a control of the very same ARM")


def test_an_arm_in_one_folder_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    arms = '{ path = "arm" }', '{ path = "there/../arm" }'
    pairs = {"mine": {"controls": '["first"]', "arm": arms[0]}, "first": {**CONTROL, "arm": arms[1]}}
    assert read_entries(written(tmp_path, entries(**pairs)))["mine"].entry.controls == ("first",)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no file of pairs: .*No such file"):
        read_entries(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('mine = "text"', "at mine"),
        ('[mine]\nabout = "Mine"\narm = "org/arm"', "at mine.arm"),
        ("mine = 3", "at mine"),
    ],
)
def test_a_text_where_a_table_belongs_is_said_to_be_none(text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"a table is needed, {place}"):
        read_entries(written(tmp_path, text))


@pytest.mark.parametrize("text", [r"\u001b[2J", r"two\nlines", r"\u0007", r"\u202e"])
@pytest.mark.parametrize("key", ["about", "source", "name"])
def test_what_a_terminal_would_obey_is_in_no_entry(text: str, key: str, tmp_path: Path) -> None:
    lines = "".join(
        f"{name} = {value}\n"
        for name, value in {**SMALL, **({} if key == "name" else {key: f'"{text}"'})}.items()
    )
    head = f'["{text}"]' if key == "name" else "[mine]"
    with pytest.raises(UsageError, match="a text of one line that can be printed is needed") as caught:
        read_entries(written(tmp_path, f"{head}\n{lines}"))
    assert all(line.isprintable() for line in str(caught.value).splitlines())


@pytest.mark.parametrize("text", ["x = " + "[" * 20_000, "a." * 20_000 + "a = 1"], ids=["brackets", "names"])
def test_endless_levels_are_no_file_of_pairs(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file of pairs: it has more than 64 levels"):
        read_entries(written(tmp_path, text))


def test_a_pipe_is_no_file_of_pairs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pairs.toml")
    with pytest.raises(UsageError, match="is no file of pairs: it is not a regular file but a pipe"):
        read_entries(tmp_path / "pairs.toml")
