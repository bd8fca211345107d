import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from build.records import a_record, a_task
from mechshift.benchmark.record.draws import (
    COARSE_STEPS,
    read_draws,
    read_note,
    take_draws,
    with_draws,
    write_draws,
)
from mechshift.benchmark.record.files import as_bytes
from mechshift.benchmark.record.number import Number, measured
from mechshift.errors import NotComputable
from mechshift.metrics import bootstrap

PLACE = "ioi/compared.edge.normalised"


def draws_of(seed: int, resamples: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=resamples)


def test_a_number_is_the_same_with_and_without_its_draws() -> None:
    plain = Number(value=0.5, low=0.4, high=0.6)
    drawn = plain.drawn(draws_of(0))
    assert drawn == plain
    assert hash(drawn) == hash(plain)
    assert drawn.model_dump() == plain.model_dump()
    assert drawn != Number(value=0.5, low=0.4, high=0.7)
    assert plain.draws is None


def test_what_was_resampled_is_measured_with_its_draws() -> None:
    data = np.arange(20.0)
    found = bootstrap(lambda w: {"mean": float(w @ data / w.sum())}, range(20), resamples=30)["mean"]
    number = measured(found)
    assert isinstance(number, Number)
    assert number.draws is not None
    assert number.draws.shape == (30,)


def test_draws_go_to_their_places_and_come_back(tmp_path: Path) -> None:
    record = a_record("tiny", tasks=(a_task("ioi"), a_task("countdown")))
    given = {PLACE: draws_of(0), "countdown/arm.depth.early_share": draws_of(1)}
    given[PLACE][3] = np.nan
    drawn = with_draws(record, given)
    assert drawn == record
    assert as_bytes(drawn) == as_bytes(record)
    taken = take_draws(drawn)
    assert set(taken) == set(given)
    write_draws(taken, tmp_path / "draws.safetensors")
    kept = read_draws(tmp_path / "draws.safetensors")
    assert set(kept) == set(taken)
    for place, values in taken.items():
        half_step = (np.nanmax(values) - np.nanmin(values)) / 65_534 / 2
        np.testing.assert_allclose(kept[place], values, rtol=0, atol=1.001 * half_step)
        assert (np.isnan(kept[place]) == np.isnan(values)).all()


def test_draws_of_submissions_are_kept_in_coarser_steps(tmp_path: Path) -> None:
    write_draws({PLACE: draws_of(0)}, tmp_path / "fine")
    write_draws({PLACE: draws_of(0)}, tmp_path / "coarse", steps=COARSE_STEPS)
    kept = read_draws(tmp_path / "coarse")[PLACE]
    half_step = np.ptp(draws_of(0)) / 4_094 / 2
    np.testing.assert_allclose(kept, draws_of(0), rtol=0, atol=1.001 * half_step)
    assert np.abs(kept - draws_of(0)).max() > 4 * np.ptp(draws_of(0)) / 65_534
    packed = [len(zlib.compress((tmp_path / name).read_bytes())) for name in ("fine", "coarse")]
    assert packed[1] < packed[0]


@pytest.mark.parametrize("values", [np.full(9, 0.25), np.full(9, np.nan), np.array([1e300, -1e300, 0.0])])
def test_draws_that_do_not_vary_are_undefined_or_are_large_are_kept(
    tmp_path: Path, values: np.ndarray
) -> None:
    write_draws({PLACE: values}, tmp_path / "draws.safetensors")
    kept = read_draws(tmp_path / "draws.safetensors")[PLACE]
    np.testing.assert_allclose(kept, values, rtol=1e-4, atol=1e-4 * np.nanmax(np.abs(np.nan_to_num(values))))


@pytest.mark.parametrize("spread", [1e300, 1.0, 1e-3, 1e-8, 1e-9, 1e-12, 1e-15, 0.0])
def test_draws_that_were_read_are_written_as_the_same_bytes(tmp_path: Path, spread: float) -> None:
    """A run that goes on with what it kept writes what one that nothing disturbed does."""
    given = {f"{PLACE}{seed}": 1 + spread * draws_of(seed) for seed in range(200)}
    write_draws(given, tmp_path / "one")
    write_draws(read_draws(tmp_path / "one"), tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_notes_are_kept_with_draws_and_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    notes = {"one": "text", "other": "“quoted”"}
    write_draws({PLACE: draws_of(0)}, tmp_path / "first", notes)
    assert [read_note(tmp_path / "first", name) for name in (*notes, "third")] == [*notes.values(), ""]
    for again in range(8):
        write_draws({PLACE: draws_of(0)}, tmp_path / str(again), notes)
        assert (tmp_path / str(again)).read_bytes() == (tmp_path / "first").read_bytes()


def test_the_same_draws_give_the_same_bytes(tmp_path: Path) -> None:
    given = {PLACE: draws_of(0), "a/b": draws_of(1)}
    write_draws(given, tmp_path / "one")
    write_draws(dict(reversed(given.items())), tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def _file(path: Path, header: object, **changes: np.ndarray) -> None:
    arrays = {"codes": np.zeros((1, 3), np.int16), "least": np.zeros(1), "step": np.ones(1)} | changes
    save_file(arrays, path, {"mechshift": json.dumps(header)})


@pytest.mark.parametrize(
    ("header", "changes", "reason"),
    [
        ({"format": "draws 2", "places": ["a"]}, {}, "no draws 1"),
        ({"format": "draws 1", "places": ["a", "b"]}, {}, "not those of its draws"),
        ({"format": "draws 1", "places": [1]}, {}, "no names"),
        ({"format": "draws 1", "places": ["a"]}, {"codes": np.zeros((1, 3))}, "not I16"),
        ({"format": "draws 1", "places": ["a"]}, {"codes": np.zeros(3, np.int16)}, "not those of its draws"),
        ({"format": "draws 1", "places": ["a"]}, {"least": np.array([np.nan])}, "not finite"),
        ({"format": "draws 1", "places": ["a"]}, {"step": np.array([1e308])}, "not finite"),
        ([], {}, "no draws 1"),
    ],
)
def test_anything_else_is_refused(
    tmp_path: Path, header: object, changes: dict[str, np.ndarray], reason: str
) -> None:
    _file(tmp_path / "draws", header, **changes)
    with pytest.raises(NotComputable, match=reason):
        read_draws(tmp_path / "draws")


def test_a_file_that_is_no_safetensors_or_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("draws")
    for name in ("text", "absent", "."):
        with pytest.raises(NotComputable, match="cannot be read"):
            read_draws(tmp_path / name)


def test_a_file_of_more_than_draws_take_is_not_read(tmp_path: Path) -> None:
    _file(tmp_path / "long", {"format": "draws 1", "places": ["a"]}, codes=np.zeros((1, 10_001), np.int16))
    with pytest.raises(NotComputable, match="it has 10,001 resamples, and draws at most 10,000"):
        read_draws(tmp_path / "long")
    os.truncate(tmp_path / "long", 120_000_000)
    with pytest.raises(NotComputable, match="it has 120,000,000 bytes, and draws at most 33,554,432"):
        read_draws(tmp_path / "long")


def test_only_wanted_draws_are_given(tmp_path: Path) -> None:
    write_draws({"a/b": draws_of(0), "a/c": draws_of(1)}, tmp_path / "draws")
    every = read_draws(tmp_path / "draws")
    wanted = read_draws(tmp_path / "draws", {"a/c", "a/d"})
    assert list(wanted) == ["a/c"]
    assert wanted["a/c"].tobytes() == every["a/c"].tobytes()
