"""Every family's pair on disk, declared by its registry entry but for what a small checkpoint differs in."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from build.families.published import FAMILIES, Family
from build.families.writing import mask_id_of, write_arm, write_mdm
from mechshift.benchmark.admission.examination import Examination, check_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import MemberSpec, PairSpec


def _here(spec: MemberSpec, family: Family, directory: Path) -> MemberSpec:
    """The entry's member in a directory: shift, attention and how it is loaded stay the entry's."""
    mask = mask_id_of(family) if isinstance(spec.mask_token, int) else spec.mask_token
    loader = replace(spec.loader, precision=family.precision)
    here = replace(spec, checkpoint=str(directory), place="directory", revision=None)
    return replace(here, mask_token=mask, loader=loader)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], PairSpec]:
    """The specification of a family's small pair, written when it is first asked for."""

    @cache
    def spec_of(name: str) -> PairSpec:
        family, folder = FAMILIES[name], tmp_path_factory.mktemp(name)
        write_arm(family, folder / "arm")
        write_mdm(family, folder / "mdm")
        entry = get_pair(family.pair)
        arm, mdm = _here(entry.arm, family, folder / "arm"), _here(entry.mdm, family, folder / "mdm")
        return replace(entry, arm=arm, mdm=mdm)

    return spec_of


@pytest.fixture(scope="session")
def examined(published: Callable[[str], PairSpec]) -> Callable[[str], Examination]:
    """A family's small pair and what the checks found of it, loaded and asked when it is first asked for."""
    return cache(lambda name: check_pair(published(name), "cpu"))


@pytest.fixture(scope="session")
def loaded(examined: Callable[[str], Examination]) -> Callable[[str], Pair]:
    """The pair of it alone."""

    def pair_of(name: str) -> Pair:
        pair = examined(name).pair
        assert pair is not None, examined(name).findings
        return pair

    return pair_of
