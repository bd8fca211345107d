"""Every test runs on one thread, from one seed, without a network and away from the user's own files."""

import atexit
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

# Read when torch and huggingface_hub are first imported, and inherited by the commands that tests start.
_HOME = tempfile.mkdtemp(prefix="mechshift-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(
    HF_HOME=_HOME,
    HF_HUB_OFFLINE="1",
    MKL_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
    TOKENIZERS_PARALLELISM="false",
)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise AssertionError(f"a test tried to connect to {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(autouse=True)
def _seed() -> None:
    # The order of the tests must not matter; tests without torch need not pay for its import.
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)
