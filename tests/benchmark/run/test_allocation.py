"""Freed memory goes back to the system."""

import platform
import subprocess
import sys

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
