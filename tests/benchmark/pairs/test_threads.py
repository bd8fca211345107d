"""Threads go back to the caller."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from mechshift.benchmark.pairs.threads import on_suited_threads, on_threads, suited_threads


@pytest.fixture
def three() -> Iterator[None]:
    """Torch has three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(("device", "width", "threads"), [("cpu", 511, 1), ("cpu", 512, 3), ("cuda", 64, 3)])
def test_a_small_model_on_a_cpu_has_one_thread_for_a_while(device: str, width: int, threads: int) -> None:
    assert suited_threads(torch.device(device), width) == threads

    def failing() -> None:
        with on_suited_threads(torch.device(device), width):
            assert torch.get_num_threads() == threads
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("last", ["first", "second"])
def test_two_threads_at_once_leave_what_they_found(last: str) -> None:
    """Whichever of the two is the last to leave, a thread that is started later has three."""
    inside, leave = Event(), Event()

    def second() -> None:
        with on_threads(1):
            inside.set()
            assert leave.wait(5)

    with ThreadPoolExecutor(1) as pool:
        with on_threads(1):
            other = pool.submit(second)
            assert inside.wait(5)
            if last == "first":
                leave.set()
                other.result()
        leave.set()
        other.result()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3
    assert torch.get_num_threads() == 3


def _within() -> int:
    with on_threads(1):
        pass
    return torch.get_num_threads()


@pytest.mark.usefixtures("three")
def test_a_thread_that_was_started_within_takes_nothing_with_it() -> None:
    """The first to come the next time, it does not tell the others that there was one thread before."""
    with ThreadPoolExecutor(1) as pool:
        with on_threads(1):
            assert pool.submit(_within).result() == 3
        assert torch.get_num_threads() == 3
        inside, leave = Event(), Event()

        def first() -> None:
            with on_threads(1):
                inside.set()
                assert leave.wait(5)

        other = pool.submit(first)
        assert inside.wait(5)
        with on_threads(1):
            leave.set()
            other.result()
        assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three")
def test_one_within_another_gives_back_the_outer_ones() -> None:
    with on_threads(2):
        with on_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3
