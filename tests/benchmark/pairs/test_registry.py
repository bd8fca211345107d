import re
from pathlib import Path

import pytest

from mechshift import baselines
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.registry import get_pair, list_pairs
from mechshift.errors import UsageError

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
        assert listed.spec == get_pair(name)
        assert len(listed.about.splitlines()) == 1


def test_an_unknown_pair_is_offered_near_names() -> None:
    with pytest.raises(UsageError, match="unknown pair 'tinny'\ndid you mean tiny") as found:
        get_pair("tinny")
    assert found.value.exit_code == 2
    with pytest.raises(UsageError, match=r"unknown pair 'Dream-7B'\nknown: .*tiny"):
        get_pair("Dream-7B")
