from dataclasses import replace

import pytest

from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import PairSpec


def _in_single(name: str) -> PairSpec:
    """A listed pair that is loaded in single precision: a CPU takes several times as long in half."""
    spec = get_pair(name)
    loaders = (replace(member.loader, precision="float32") for member in (spec.arm, spec.mdm))
    arm, mdm = (
        replace(member, loader=loader) for member, loader in zip((spec.arm, spec.mdm), loaders, strict=True)
    )
    return replace(spec, arm=arm, mdm=mdm)


@pytest.fixture(scope="session")
def tiny() -> Pair:
    """The embedded reference pair in single precision."""
    return load_pair(_in_single("tiny"), "cpu")


@pytest.fixture(scope="session")
def continued() -> Pair:
    """Its control."""
    return load_pair(_in_single("tiny-continued"), "cpu")
