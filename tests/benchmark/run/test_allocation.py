"""Freed memory goes back to the system, and threads to the caller."""

import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from mechshift.benchmark.run.allocation import on_suited_threads, suited_threads

CODE = """
import torch
from mechshift.benchmark.run.allocation import give_back_freed_memory

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

given = give_back_freed_memory()
torch.ones(1)
before = resident()
for _ in range(2):
    kept = [torch.ones(2**20) for _ in range(50)]  # 4 MiB each
    held = kept[::10]
    del kept
print(given, round(resident() - before))
"""


def test_between_what_is_held_nothing_is_kept() -> None:
    """Of 200 MiB every tenth piece is held: 20 MiB, and the holes are given back where this is glibc."""
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    given, grown = done.stdout.split()
    assert given == str(platform.libc_ver()[0] == "glibc")
    assert int(grown) < 30


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
