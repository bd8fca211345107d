"""Faults of what a process finds around it: its environment, its limits, and the network."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

from reliability.fault import Faults, mount, with_own_mounts
from reliability.program import TASK, program, search_path
from reliability.under_fault import SAME, Ended, Ground, Harm, Seen, acting, shortened, told

from build.checkpoints import write_checkpoint
from build.hub import Handler, Hub
from mechshift.benchmark.pairs.checkpoint import find_checkpoint
from mechshift.benchmark.pairs.spec import MemberSpec
from mechshift.errors import MechshiftError

SURROUNDINGS = Faults("Surroundings and downloads")


def _surrounded(ground: Ground, changes: Mapping[str, str], without: tuple[str, ...] = ()) -> Seen:
    """The command in a program of its own, whose environment is this one's with changes, and without some."""
    out = ground.begun("scores-arm", "comparison")
    environment = {name: value for name, value in (os.environ | changes).items() if name not in without}
    environment["PYTHONPATH"] = search_path()
    words = [sys.executable, *program("run", "--task", TASK, "--device", "cpu", "--out", str(out))]
    done = subprocess.run(words, env=environment, cwd=out.parent, capture_output=True, check=False)
    said, printed = done.stderr.decode("utf-8", "replace"), done.stdout.decode("utf-8", "replace")
    if done.returncode or "Traceback" in said or not ground.same(out) or "similarity" not in printed:
        raise Harm(f"exit status {done.returncode}: {said[-2000:]}")
    # Progress, which is told in lines, has times in it.
    return ground.seen(out, Ended(0, ""))


@SURROUNDINGS.fault(
    "Locale without UTF-8", "`LC_ALL=POSIX`, `PYTHONUTF8=0`, `PYTHONCOERCECLOCALE=0`: all text is ASCII"
)
def no_utf8(ground: Ground) -> Seen:
    return _surrounded(
        ground, {"LC_ALL": "POSIX", "LANG": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    )


@SURROUNDINGS.fault(
    "No HOME",
    "none of `HOME`, `USER`, `LOGNAME` and `HF_HOME`, and an empty `/etc/passwd`: no user has a name",
)
def no_home(ground: Ground) -> Seen:
    def task() -> Seen:
        mount("--bind", os.devnull, "/etc/passwd")
        return _surrounded(ground, {}, ("HOME", "USER", "LOGNAME", "HF_HOME", "XDG_CACHE_HOME"))

    return with_own_mounts(task)


@SURROUNDINGS.fault(
    "No TMPDIR", "`TMPDIR` names a folder that is not there, and all usual ones are read-only"
)
def no_temporary_folder(ground: Ground) -> Seen:
    def task() -> Seen:
        # Where this is done may itself lie in one of them, and is to stay as it is.
        mount("--bind", ground.folder, "/mnt")
        for folder in filter(Path.is_dir, map(Path, ("/tmp", "/var/tmp", "/usr/tmp"))):
            mount("--bind", folder, folder)
            mount("-o", "remount,ro,bind", folder)
        mount("--bind", "/mnt", ground.folder)
        return _surrounded(ground, {"TMPDIR": "/nowhere"}, ("TMP", "TEMP"))

    return with_own_mounts(task)


@SURROUNDINGS.fault("No folder for temporary files", "the same, and a working directory that takes no files")
def nowhere(ground: Ground) -> Seen:
    out = ground.begun("comparison")
    words = ("run", "--task", TASK, "--device", "cpu", "--out", str(out))

    def task() -> Seen:
        for folder in filter(Path.is_dir, map(Path, ("/tmp", "/var/tmp", "/usr/tmp"))):
            mount("--bind", folder, folder)
            mount("-o", "remount,ro,bind", folder)
        command = [sys.executable, "-m", "mechshift", *words]
        environment = os.environ | {"TMPDIR": "/nowhere", "PYTHONPATH": search_path()}
        done = subprocess.run(
            command, env=environment, cwd="/proc", capture_output=True, text=True, check=False
        )
        if done.returncode != 3 or "Traceback" in done.stderr:
            raise Harm(f"exit status {done.returncode}: {done.stderr[-2000:]}")
        return Seen(told(Ended(3, done.stderr), out))

    happened = with_own_mounts(task).happened
    return ground.seen(out, Ended(3, ""), happened)


@SURROUNDINGS.fault("No file can be opened", "`RLIMIT_NOFILE` of 3, from the middle of `sweep-arm` on")
def no_files(ground: Ground) -> Seen:
    out = ground.begun("sweep-arm", "comparison")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))

    ended = ground.run(out, before=acting("sweep-arm", limit))
    if ended.code != 3:
        raise Harm(str(ended))
    return ground.seen(out, ended)


MODEL = MemberSpec("org/model")


@contextmanager
def _served(published: Path, cuts: list[int]) -> Iterator[str]:
    """The address of a hub that has a model, and breaks connections after so many bytes of its weights."""
    hub = Hub()
    hub.add("org/model", published)
    hub.cuts["model.safetensors"] = cuts
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    child = os.fork()
    if child == 0:
        _be_silent()
        server.serve_forever()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        server.server_close()


def _fetched(out: Path, address: str, before: Callable[[], object] = lambda: None) -> Ended:
    """How fetching the model ended in a process of its own, with `out` as the hub's cache."""
    log = out.with_suffix(".said")
    child = os.fork()
    if child == 0:
        code = 70
        try:
            _be_silent()
            _ask_instead(address, out)
            before()
            find_checkpoint(MODEL)
            log.write_text("")
            code = 0
        except MechshiftError as error:
            log.write_text(str(error))
            code = error.exit_code
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(status), log.read_text() if log.exists() else "")


def _be_silent() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _ask_instead(address: str, cache: Path) -> None:
    from huggingface_hub import close_session, constants

    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.partition("/{repo_id}")
    constants.ENDPOINT = address
    constants.HUGGINGFACE_CO_URL_TEMPLATE = address + "".join(template[1:])
    constants.HF_HUB_OFFLINE, constants.HF_HUB_CACHE = False, str(cache)
    constants.DOWNLOAD_CHUNK_SIZE = 500
    close_session()


def _broken_off(ground: Ground, cuts: list[int], before: Callable[[], object], code: int) -> Seen:
    """A download that ends so, and the same again from a hub that is well."""
    out = ground.new()
    published = write_checkpoint(out.parent / "published")
    with _served(published, cuts) as address:
        ended = _fetched(out, address, before)
    if ended.code != code:
        raise Harm(str(ended))
    with _served(published, []) as address:
        again = _fetched(out, address)
    (weights,) = out.glob("models--*/snapshots/*/model.safetensors")
    if again.code or weights.read_bytes() != (published / "model.safetensors").read_bytes():
        raise Harm(str(again))
    happened = f"exit code {code}: {shortened(ended.said, out)}" if code > 0 else "killed by SIGKILL"
    return Seen(happened, f"fetches the rest: {SAME}")


@SURROUNDINGS.fault(
    "Download broken off", "a hub on this machine, each of whose connections ends after 5,000 bytes"
)
def broken_download(ground: Ground) -> Seen:
    def hurry() -> None:
        import time

        time.sleep = lambda seconds: None  # the library's, between two attempts

    return _broken_off(ground, [5000] * 1000, hurry, code=2)


@SURROUNDINGS.fault("SIGKILL in the middle of a download", "after some of the weights have come")
def killed_download(ground: Ground) -> Seen:
    def dying() -> None:
        from mechshift.benchmark.pairs import hub

        class Dying(hub._Bar):
            def update(self, n: float | None = 1) -> bool | None:
                if n == 500:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().update(n)

        hub._Bar = Dying  # type: ignore[misc]

    return _broken_off(ground, [], dying, code=-signal.SIGKILL)
