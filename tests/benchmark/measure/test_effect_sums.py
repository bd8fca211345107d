"""Effects of components on disk: read back as they were, and refused where they do not fit together."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from build.evidence import some_effects
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.errors import NotComputable


@pytest.fixture
def made() -> EffectSums:
    return some_effects(np.random.default_rng(0))


def test_they_are_read_back_to_the_last_bit(made: EffectSums, tmp_path: Path) -> None:
    path = tmp_path / "effects.safetensors"
    made.save(path)
    found = EffectSums.load(path)
    for field in fields(EffectSums):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(made, field.name))
    assert found.direct.dtype == np.float64
    first = path.read_bytes()
    made.save(path)
    assert path.read_bytes() == first


def test_they_are_small_even_of_a_large_model(tmp_path: Path) -> None:
    graph = Graph(28, 28, 4)
    sums = np.zeros((3, 24, graph.sources), np.float32)
    ones, places = np.ones(24), np.arange(24)
    made = EffectSums(
        graph, *sums[:2], sums[2, :, 1:], ones, -ones, ones.astype(int), ("a",) * 24, places, places
    )
    made.save(tmp_path / "effects.safetensors")
    assert (tmp_path / "effects.safetensors").stat().st_size < 450_000


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[EffectSums], EffectSums]:
    return lambda made: replace(made, **{name: change(getattr(made, name))})


def with_last(value: float) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array = array.copy()
        array.flat[-1] = value
        return array

    return change


BROKEN: dict[str, tuple[Callable[[EffectSums], EffectSums], str]] = {
    "a source less": (changed("direct_clean", lambda a: a[:, 1:].copy()), "its direct_clean have shape"),
    "drops of the input": (changed("drops", lambda a: np.pad(a, ((0, 0), (1, 0)))), "its drops have shape"),
    "a group less": (changed("templates", lambda names: names[1:]), "have shape"),
    "no example": (changed("examples", lambda a: a[:0]), "no example"),
    "NaN": (changed("direct_changed", with_last(np.nan)), "not finite"),
    "infinity": (changed("clean", with_last(np.inf)), "not finite"),
    "a negative place": (changed("examples", with_last(-1)), "negative"),
    "a group beyond all": (changed("groups", with_last(2**62)), "a group that there is not"),
    "a group without examples": (changed("groups", lambda a: 0 * a), "a group has no example"),
    "more than there are": (changed("removed", with_last(3)), "more examples than it has"),
    "none measured": (changed("removed", with_last(0)), "or none"),
    "other numbers": (changed("clean", lambda a: a.astype(np.float32)), "F32, not F64"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_does_not_fit_is_refused(case: str, made: EffectSums, tmp_path: Path) -> None:
    change, phrase = BROKEN[case]
    path = tmp_path / "effects.safetensors"
    change(made).save(path)
    with pytest.raises(NotComputable, match=phrase):
        EffectSums.load(path)
