"""Threads go back to the caller."""

from collections.abc import Iterator

import pytest
import torch

from mechshift.benchmark.pairs.threads import on_suited_threads, suited_threads


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
