"""Hosts on one machine: processes with a host name, a network, process numbers and a clock of their own.

The clock is the monotonic one; their calendars are 30 years apart (`reliability.program`). They share all
folders. It takes root and `unshare`, `nsenter` and `ip`.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from reliability.fault import NotPermitted
from reliability.program import TASK, program, search_path

Process = subprocess.Popen[bytes]

TASKS = ("greater-than", TASK)

UNSHARE = ("unshare", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--time")

BEGIN = 'hostname "host-$0" && ip link set lo up && '
WAIT = 'until ip -o address | grep -q "10.0.0.$0/"; do sleep 0.05; done && '
"""What a host does first, and where it has to be reached, until it can be; $0 is its number."""

_links = itertools.count()


def check_permitted() -> None:
    """Raises NotPermitted where this machine does not let a process have all that."""
    for name in ("unshare", "nsenter", "ip"):
        if shutil.which(name) is None:
            raise NotPermitted(f"there is no {name}")
    words = [*UNSHARE, "ip", "link", "set", "lo", "up"]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    if tried.returncode:
        raise NotPermitted(tried.stderr.strip())


def start(out: Path, *options: str, launcher: Sequence[str] = ()) -> Process:
    """The command, begun by this host, or by a launcher on it."""
    return _begin(out, _command(out, options, launcher))


def start_host(number: int, out: Path, launcher: Sequence[str] = (), linked: bool = False) -> Process:
    """The command on another host, by its number; `linked`: after it can be reached.

    Raises NotPermitted where this machine does not let a process be one.
    """
    check_permitted()
    inner = f'{BEGIN}{WAIT if linked else ""}exec "$@"'
    words = ["sh", "-c", inner, str(number), *_command(out, (), launcher, 30 * number)]
    return _begin(out, [*UNSHARE, "--monotonic", str(10**6 * number), *words])


def link(hosts: dict[int, Process]) -> None:
    """A network between two hosts, each of which has the address 10.0.0. and its number."""
    name = f"link-{next(_links)}"
    (first, one), (second, other) = hosts.items()
    for process in (one, other):
        _await_namespace(process)
    ends = ("netns", str(one.pid), "type", "veth", "peer", "name", name, "netns", str(other.pid))
    _ip(None, "link", "add", name, *ends)
    for number, process in ((first, one), (second, other)):
        _ip(process, "address", "add", f"10.0.0.{number}/24", "dev", name)
        _ip(process, "link", "set", name, "up")


def done(*processes: Process) -> None:
    """Wait for runs that have to end in order."""
    for process in processes:
        if process.wait():
            raise SystemExit(f"a run ended with exit status {process.returncode}: {process.args!r}")


def end(process: Process, how: signal.Signals) -> None:
    """A signal to a run and to all that it has started."""
    os.killpg(process.pid, how)


def _command(out: Path, options: Sequence[str], launcher: Sequence[str], years: int = 0) -> list[str]:
    asked = [word for task in TASKS for word in ("--task", task)]
    words = program("run", *asked, "--device", "cpu", *options, "--out", str(out), years=years)
    return [sys.executable, *launcher, *words]


def _begin(out: Path, words: Sequence[str]) -> Process:
    environment = os.environ | {"PYTHONPATH": search_path()}
    with (out.parent / f"{out.name}.log").open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)


def _await_namespace(process: Process) -> None:
    here, there = (os.readlink(f"/proc/{which}/ns/net") for which in ("self", process.pid))
    while here == there:
        time.sleep(0.01)
        there = os.readlink(f"/proc/{process.pid}/ns/net")


def _ip(process: Process | None, *words: str) -> None:
    within = [] if process is None else ["nsenter", f"--net=/proc/{process.pid}/ns/net"]
    subprocess.run([*within, "ip", *words], check=True)
