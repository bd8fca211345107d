"""Two pieces of work at once give what they give one after the other."""

import threading

import pytest

from mechshift.benchmark.run.both import do_both, one_at_a_time


@pytest.mark.parametrize("at_once", [False, True])
def test_both_are_done_and_their_values_kept_apart(at_once: bool) -> None:
    assert do_both(lambda: 1, lambda: 2, at_once) == (1, 2)


@pytest.mark.parametrize(("at_once", "threads"), [(False, 1), (True, 2)])
def test_as_many_threads_as_were_asked_for(at_once: bool, threads: int) -> None:
    assert len(set(do_both(threading.get_ident, threading.get_ident, at_once))) == threads


def test_at_once_means_that_either_can_wait_for_the_other() -> None:
    meeting = threading.Barrier(2, timeout=5)
    assert sorted(do_both(meeting.wait, meeting.wait, True)) == [0, 1]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("place", [0, 1])
def test_an_error_of_either_is_raised(place: int, at_once: bool) -> None:
    work = [lambda: 1, lambda: 2]

    def fail() -> int:
        raise KeyError(f"the one at {place}")

    work[place] = fail
    with pytest.raises(KeyError, match=f"the one at {place}"):
        do_both(work[0], work[1], at_once)


def test_no_count_of_two_threads_is_lost() -> None:
    total, inside = 0, threading.Lock()

    def advance(done: int) -> None:
        nonlocal total
        assert inside.acquire(blocking=False), "two threads at once"
        total += done
        inside.release()

    told = one_at_a_time(advance)

    def tell() -> None:
        for _ in range(2000):
            told(1)

    do_both(tell, tell, True)
    assert total == 4000
