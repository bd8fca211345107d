import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.pairs.options import DECLARATIONS, OPTIONS, PairOptions, resolve
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import at_precision, declare_pair
from mechshift.benchmark.pairs.words import Words
from mechshift.errors import UsageError


def test_nothing_said_is_the_reference_pair() -> None:
    assert resolve(PairOptions()) == get_pair("tiny")


def test_a_pair_is_named_by_a_name_or_a_file(tmp_path: Path) -> None:
    assert resolve(PairOptions(pair="dream-7b")) == get_pair("dream-7b")
    mdm = 'mdm = {hub = "org/mdm", shift = true, attention = "full"}'
    (tmp_path / "mine.toml").write_text(f'[mine]\nabout = "Mine"\narm.hub = "org/arm"\n{mdm}')
    assert resolve(PairOptions(pair=tmp_path / "mine.toml")) == get_pair(str(tmp_path / "mine.toml"))


def test_two_checkpoints_are_what_is_said_about_them() -> None:
    said: dict[str, Any] = {"shift": False, "attention": "block:4", "mask_token": "811", "name": "mine"}
    said |= {"revision": "step-1", "arm_revision": "v2"}
    found = resolve(PairOptions(arm="a/b", mdm="c/d", as_control=False, **said))
    assert found == declare_pair("a/b", "c/d", control=False, **said)
    assert {*said, "as_control"} == set(DECLARATIONS)


def test_what_was_left_out_is_not_declared() -> None:
    assert PairOptions(arm="a", mdm="b").declared == {}
    assert PairOptions(shift=False, as_control=True, device="cpu").declared == {
        "shift": False,
        "as_control": True,
    }


def test_a_named_pair_takes_other_revisions_and_keeps_the_rest() -> None:
    listed = get_pair("dream-7b")
    found = resolve(PairOptions(pair="dream-7b", revision="main", arm_revision="v2"))
    arm, mdm = replace(listed.arm, revision="v2"), replace(listed.mdm, revision="main")
    assert found == replace(listed, arm=arm, mdm=mdm)


def test_a_dtype_is_that_of_both_members() -> None:
    assert resolve(PairOptions(dtype="bfloat16")) == at_precision(get_pair("tiny"), "bfloat16")
    pair = resolve(PairOptions(arm="a", mdm="b", dtype="float32"))
    assert {pair.arm.loader.precision, pair.mdm.loader.precision} == {"float32"}
    for dtype in ("float64", "auto"):
        with pytest.raises(UsageError, match=f"unknown dtype '{dtype}'"):
            resolve(PairOptions(dtype=dtype))  # type: ignore[arg-type]


CONTRADICTIONS: list[tuple[PairOptions, str, str]] = [
    (
        PairOptions(pair="tiny", arm="a", mdm="b"),
        "--pair names a listed pair, and --arm and --mdm another",
        "pair= names a listed pair, and arm= and mdm= another",
    ),
    (PairOptions(arm="a"), "--mdm is missing\ngive both --arm and --mdm", "mdm= is missing\ngive both arm="),
    (PairOptions(mdm="a"), "--arm is missing", "arm= is missing"),
    (PairOptions(shift=False), "--no-shift would declare", "shift=False would declare"),
    (
        PairOptions(pair="tiny", attention="full", mask_token="5"),
        "--attention, --mask-token would declare something about pair tiny",
        "attention='full', mask_token='5' would declare something about pair tiny",
    ),
    (PairOptions(pair="tiny", as_control=True), "--as-control would", "as_control=True would"),
    (PairOptions(pair="tiny", name="mine"), "--name would", "name='mine' would"),
    (PairOptions(pair="dream-7b", revision=" "), "--revision is empty", "revision= is empty"),
    (PairOptions(pair="dream-7b", arm_revision=""), "--arm-revision is empty", "arm_revision= is empty"),
    (PairOptions(arm="a", mdm="b", mask_token=""), "--mask-token is empty", "mask_token= is empty"),
    (PairOptions(arm="a@v2", mdm="b", arm_revision="v2"), "--arm a@v2 and", "arm= a@v2 and arm_revision="),
    (PairOptions(pair="some/where"), "named by --arm and --mdm", "named by arm= and mdm="),
    (PairOptions(pair=""), "neither a listed pair", "neither a listed pair"),
]


@pytest.mark.parametrize(("options", "typed", "called"), CONTRADICTIONS)
def test_a_contradiction_is_told_in_the_words_of_the_interface(
    options: PairOptions, typed: str, called: str
) -> None:
    for words, message in ((Words.COMMAND_LINE, typed), (Words.PYTHON, called)):
        with pytest.raises(UsageError, match=re.escape(message)) as caught:
            resolve(options, words)
        other = (
            re.search(r"--\w", str(caught.value)) if words is Words.PYTHON else "arm=" in str(caught.value)
        )
        assert not other


def test_a_directory_is_no_pair(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"one directory, and a pair has two checkpoints\nname both: arm= and"
    ):
        resolve(PairOptions(pair=tmp_path))


def test_every_option_of_a_pair_has_a_name() -> None:
    assert set(DECLARATIONS) < set(OPTIONS)
    assert {*OPTIONS} - {*DECLARATIONS} == {
        "pair",
        "arm",
        "mdm",
        "dtype",
        "device",
        "device_map",
        "offline",
        "accept_behaviour",
    }
