"""Numbers do not depend on how many threads find them."""

import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mechshift.metrics import halves as of_halves
from mechshift.metrics import masses as of_masses
from mechshift.metrics import overlap_curve
from mechshift.metrics import places as of_places
from mechshift.metrics.masses import circuit_masses
from mechshift.metrics.places import mass_place_shares
from mechshift.metrics.threads import each_of, one_thread_a_product

GROUPS, SHAPE = 12, (60, 80)
SUMS = np.random.default_rng(0).standard_t(3, (3, GROUPS, *SHAPE))
EDGES = np.random.default_rng(1).random(SHAPE) < 0.8
NODES = np.eye(60), np.eye(60, 80)
COUNTS, CLUSTERS = np.arange(1, GROUPS + 1), np.arange(GROUPS) // 2


def overlaps(threads: int) -> object:
    curve = overlap_curve(
        SUMS[0], SUMS[1], COUNTS, CLUSTERS, EDGES, [20, 1200], *NODES, resamples=40, threads=threads
    )
    return [(each.cross, each.cross.draws.tolist(), each.normalised) for both in curve for each in both]


def masses(threads: int) -> object:
    weights = np.random.default_rng(2).random((70, GROUPS))
    found = circuit_masses(SUMS[:2], COUNTS, weights, EDGES, 50, *NODES, threads=threads)
    return [(each.importance.tolist(), each.degree.tolist()) for each in found]


def places(threads: int) -> object:
    found = mass_place_shares(list(SUMS), COUNTS, CLUSTERS, EDGES, 30, threads=threads)
    return [(each.value, each.draws.tolist()) for each in found]


@pytest.mark.parametrize("work", [overlaps, masses, places])
def test_threads_change_no_bit(work: Callable[[int], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, of which every thread has several."""
    monkeypatch.setattr(of_halves, "AT_ONCE", 2**17)
    monkeypatch.setattr(of_masses, "ROWS_FOUND", 9)
    monkeypatch.setattr(of_places, "BLOCK", 100)
    threads: set[str] = set()
    one = work(1)
    monkeypatch.setattr(threading.Thread, "run", _noted(threads))
    assert work(3) == one
    assert len(threads) > 1


def _noted(names: set[str]) -> Callable[[threading.Thread], None]:
    run = threading.Thread.run

    def noted(thread: threading.Thread) -> None:
        names.add(thread.name)
        run(thread)

    return noted


def test_a_matrix_product_has_one_thread_until_the_last_who_wants_it_is_gone() -> None:
    def threads() -> set[int]:
        # Their libraries are asked anew.
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_thread_a_product():
            with one_thread_a_product():
                assert threads() == {1}
            assert threads() == {1}
        assert threads() == before != {1}


def test_what_a_block_raises_is_raised() -> None:
    def work(number: int) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        list(each_of([1, 0, 2], work, threads=2))


def test_the_interpreter_is_handed_on_sooner_for_a_while() -> None:
    before, within = sys.getswitchinterval(), []
    with one_thread_a_product():
        each_of([1, 2], lambda _: within.append(sys.getswitchinterval()), threads=2)
    assert all(interval < before for interval in within)
    assert sys.getswitchinterval() == before
