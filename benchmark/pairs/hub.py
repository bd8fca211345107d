"""Checkpoints from the Hugging Face hub: what is there, what the cache has, and fetching the rest.

Everything goes through huggingface_hub's own cache, so that HF_HOME, HF_ENDPOINT, HF_TOKEN and
HF_HUB_OFFLINE mean here what they mean elsewhere.
"""

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from glob import escape
from pathlib import Path
from typing import Any, cast

from huggingface_hub import HfApi, constants, get_token, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

from ...errors import PairError
from .layout import (
    ADAPTER,
    CONFIG,
    INDEX,
    TOKENIZER,
    WEIGHTS,
    only_adapter,
    pickles,
    weight_names,
    without_weights,
)
from .spec import MemberSpec

DESCRIPTION = (CONFIG, *TOKENIZER, INDEX)
"""The small files: all that a checkpoint needs beside its weights. No code and no pickle is among them."""

_TROUBLE = cast(
    "tuple[type[Exception], ...]",
    (*HfHubHTTPError.__bases__, ValueError, TypeError, LookupError, RuntimeError),
)
"""What huggingface_hub lets through where a server, the network or the disk fails.

The bases are OSError and all that its HTTP library raises, which is another one in other releases.
"""

_COMMIT = re.compile("[0-9a-f]{40}")
_BUSY = 429


@dataclass(frozen=True)
class RemoteFile:
    """A file that a checkpoint needs; `cached` tells that it lies in the cache already, at that commit."""

    name: str
    size_bytes: int
    cached: bool


@dataclass(frozen=True)
class RemoteCheckpoint:
    """The files that a hub checkpoint is made of at a commit, those of the weights last."""

    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes_to_fetch(self) -> int:
        """The size of all files that are not in the cache yet."""
        return sum(file.size_bytes for file in self.files if not file.cached)


class _Bar(tqdm):
    """A progress bar where there is a terminal; gone when it is full."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"disable": None, **options, "leave": False})  # type: ignore[no-untyped-call]


class _Unanswered(Exception):
    """The hub was not asked, or did not answer; the text says why."""


def remote_checkpoint(spec: MemberSpec, offline: bool = False) -> RemoteCheckpoint:
    """What `fetch` would fetch and what it would find in the cache, without fetching any weights.

    The few small files (config.json, the index of the weights, the tokenizer) are fetched, as only they say
    which weights there are. Offline, where nothing can be fetched, all files are cached. Raises PairError as
    `fetch` does.
    """
    try:
        sizes = _ask(spec, offline)
    except _Unanswered as why:
        directory = _from_cache(spec, str(why))
        names = weight_names(directory, spec.checkpoint)
        sizes = {path.name: path.stat().st_size for path in directory.iterdir() if path.is_file()}
    else:
        directory = _describe(spec, sizes)
        names = _needed_weights(spec, directory, sizes)
    wanted = (*_small(sizes), *names)
    files = (RemoteFile(name, sizes[name], (directory / name).is_file()) for name in wanted)
    return RemoteCheckpoint(directory.name, tuple(files))


def fetch_description(spec: MemberSpec, offline: bool = False) -> Path:
    """The cache's directory with config.json and the tokenizer, fetched if need be; its name is the commit.

    The weights are not fetched, but a repository that has none beside pickles is refused here already.
    Raises PairError as `fetch` does.
    """
    known = _pinned_in_cache(spec, weights=False)
    if known is not None:
        return known
    try:
        sizes = _ask(spec, offline)
    except _Unanswered as why:
        return _from_cache(spec, str(why), weights=False)
    return _describe(spec, sizes)


def fetch(spec: MemberSpec, offline: bool = False) -> Path:
    """The cache's directory with a whole checkpoint, fetched if need be; its name is the commit.

    Nothing is asked of the network for a commit that is in the cache, and with `offline` or HF_HUB_OFFLINE
    for no checkpoint. A hub that does not answer is done without where the cache has the checkpoint. Raises
    PairError when the model or its revision does not exist, is gated or private, has no safetensors, or
    cannot be fetched; offline also when the cache lacks any of its files.
    """
    known = _pinned_in_cache(spec, weights=True)
    if known is not None:
        return known
    try:
        sizes = _ask(spec, offline)
    except _Unanswered as why:
        return _from_cache(spec, str(why))
    directory = _describe(spec, sizes)
    names = _needed_weights(spec, directory, sizes)
    _check_room(spec, directory, sum(sizes[name] for name in names if not (directory / name).is_file()))
    # By commit, so that the weights belong to the config.json that is already here.
    return _download(replace(spec, revision=directory.name), names)


def _ask(spec: MemberSpec, offline: bool) -> dict[str, int]:
    """The sizes in bytes of all files of the repository, by name; refuses one without safetensors."""
    if offline or constants.HF_HUB_OFFLINE:
        raise _Unanswered("offline" if offline else "offline, as HF_HUB_OFFLINE is set")
    try:
        found = HfApi().model_info(
            spec.checkpoint,
            revision=spec.revision,
            files_metadata=True,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
        )
    except _TROUBLE as error:
        if _is_silence(error):
            reason = f"{type(error).__name__}: {_first_line(error)}"
            raise _Unanswered(f"the hub could not be reached: {reason}") from None
        raise _explained(spec, error) from None
    sizes = {file.rfilename: file.size or 0 for file in found.siblings or ()}
    if not {WEIGHTS, INDEX} & sizes.keys():
        if ADAPTER in sizes and CONFIG not in sizes:
            raise only_adapter(f"the hub model {_where(spec)}")
        raise without_weights(spec.checkpoint, sizes) if pickles(sizes) else _unpublished(spec, WEIGHTS)
    return sizes


def _is_silence(error: BaseException) -> bool:
    """Whether no hub stands behind an error: no connection, a failing server, or a page that is no answer."""
    if isinstance(error, HfHubHTTPError):
        status: int = error.response.status_code
        return status == _BUSY or status >= 500
    return not isinstance(error, HFValidationError)


def _small(sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Of the files of a repository the small ones; an index only where the weights are not in one file."""
    return tuple(name for name in DESCRIPTION if name in sizes and (name != INDEX or WEIGHTS not in sizes))


def _describe(spec: MemberSpec, sizes: Mapping[str, int]) -> Path:
    if CONFIG not in sizes:
        raise _unpublished(spec, CONFIG)
    return _download(spec, _small(sizes))


def _needed_weights(spec: MemberSpec, directory: Path, sizes: Mapping[str, int]) -> tuple[str, ...]:
    names = (WEIGHTS,) if WEIGHTS in sizes else weight_names(directory, spec.checkpoint)
    for name in names:
        if name not in sizes:
            raise _unpublished(spec, name)
    return names


def _check_room(spec: MemberSpec, directory: Path, needed: int) -> None:
    free = shutil.disk_usage(directory).free
    if needed > free:
        room = f"{needed / 1e9:.1f} GB, and {constants.HF_HUB_CACHE} has room for {free / 1e9:.1f}"
        raise PairError(
            f"the weights of {_where(spec)} need {room}",
            "make room there, or set HF_HOME to a place that has it",
        )


def _download(spec: MemberSpec, names: Iterable[str]) -> Path:
    """The directory of the snapshot, in which these files are now, and no others were fetched for it."""
    try:
        return Path(
            snapshot_download(
                spec.checkpoint,
                revision=spec.revision,
                # Names come from the repository's index, and as patterns they could match other files.
                allow_patterns=[escape(name) for name in names],
                tqdm_class=_Bar,
            )
        )
    except _TROUBLE as error:
        raise _explained(spec, error) from None


def _pinned_in_cache(spec: MemberSpec, weights: bool) -> Path | None:
    """The directory of a commit whose every file is in the cache beyond doubt."""
    if _COMMIT.fullmatch(spec.revision or ""):
        with suppress(PairError):
            directory = _from_cache(spec, "", weights)
            # Which tokenizer files the repository has is unknown here, but these two suffice for one.
            if all((directory / name).is_file() for name in TOKENIZER[:2]):
                return directory
    return None


def _from_cache(spec: MemberSpec, why: str, weights: bool = True) -> Path:
    """The directory of the snapshot in the cache; PairError names what it lacks."""
    try:
        directory, missing = _look_into_cache(spec)
    except ValueError as error:
        raise _explained(spec, error) from None
    if directory is None:
        absent = f"there is no directory {spec.checkpoint!r}{_near(spec)}, and "
        cache = f"the cache {constants.HF_HUB_CACHE} has no hub model {_where(spec)} ({why})"
        raise _not_cached(spec, f"{'' if spec.place == 'hub' else absent}{cache}")
    if weights and CONFIG not in missing:
        missing += _absent_weights(spec, directory)
    if missing:
        lacks = f"the cache {constants.HF_HUB_CACHE} lacks {_some(missing)}"
        raise _not_cached(spec, f"{lacks} of {_where(spec)} ({why})")
    return directory


def _look_into_cache(spec: MemberSpec) -> tuple[Path | None, list[str]]:
    """The directory of the snapshot, and the small files that the repository has and the cache lacks.

    What the repository has is known only where the cache keeps its list; else nothing but config.json is
    sure to be there.
    """
    directory: Path | None = None
    missing = []
    for name in (CONFIG, *TOKENIZER):
        found: str | None
        try:
            found = snapshot_download(
                spec.checkpoint, revision=spec.revision, allow_patterns=[name], local_files_only=True
            )
        except LocalEntryNotFoundError as error:
            found = getattr(error, "snapshot_path", None)  # set where the snapshot is there without the file
            if found is None:
                return None, []
            missing.append(name)
        directory = Path(found)
        if name == CONFIG and name not in missing and not (directory / name).is_file():
            missing.append(name)
    return directory, missing


def _absent_weights(spec: MemberSpec, directory: Path) -> list[str]:
    names = weight_names(directory, spec.checkpoint)
    absent = [name for name in names if not (directory / name).is_file()]
    if absent != [WEIGHTS]:
        return absent
    beside = [path.name for path in directory.iterdir()]
    if pickles(beside):
        raise without_weights(spec.checkpoint, beside)
    return [f"{WEIGHTS} or {INDEX}"]


def _unpublished(spec: MemberSpec, name: str) -> PairError:
    return PairError(
        f"the hub model {_where(spec)} has no {name}",
        "name a repository or a revision that holds a whole checkpoint in the layout of transformers",
    )


def _not_cached(spec: MemberSpec, problem: str) -> PairError:
    revision = shlex.quote(spec.revision or constants.DEFAULT_REVISION)
    return PairError(
        problem,
        f"check the name; to get the model once online: hf download {spec.checkpoint} --revision {revision}",
    )


def _explained(spec: MemberSpec, error: BaseException) -> PairError:
    """What a person is told about an error of huggingface_hub, of the network or of the disk."""
    where, page = _where(spec), f"https://huggingface.co/{spec.checkpoint}"
    login = "log in with `hf auth login`, or set HF_TOKEN"
    match error:
        case HFValidationError():
            return PairError(f"{where} is neither a directory nor a hub id", _first_line(error))
        case GatedRepoError():
            who = " and its licence is not accepted by the account that is logged in" if get_token() else ""
            return PairError(
                f"{where} is gated{who}",
                f"accept its licence at {page} (its owner may have to agree), then {login}",
            )
        case RevisionNotFoundError():
            return PairError(
                f"the hub has no {where}", f"{page}/commits tells its commits, tags and branches"
            )
        case RepositoryNotFoundError():
            local = "" if spec.place == "hub" else "directory and no "
            return PairError(
                f"there is no {local}hub model {where}{_near(spec)}",
                f"check the spelling; if {page} is there but private, {login}",
            )
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            return PairError(
                f"the hub refuses {where}: {_first_line(error)}",
                f"see {page}; where the token is the trouble, {login}",
            )
    if isinstance(error, OSError) and error.errno and not isinstance(error, ConnectionError):
        return PairError(
            f"{where} cannot be kept in {constants.HF_HUB_CACHE}: {error.strerror}",
            "make room there and see to its permissions, or set HF_HOME to another place",
        )
    return PairError(
        f"fetching {where} broke off: {_first_line(error)}",
        f"check the network and run the same command again, which goes on with what is missing; see {page}",
    )


def _near(spec: MemberSpec) -> str:
    """Directories of nearly that name, where there are some beside it."""
    if spec.place == "hub":
        return ""
    path = Path(spec.checkpoint)
    try:
        beside = [each.name for each in path.parent.iterdir() if each.is_dir()]
    except OSError:
        return ""
    near = [str(path.parent / name) for name in get_close_matches(path.name, beside, n=3)]
    return f" (there is {', '.join(near)})" if near else ""


def _where(spec: MemberSpec) -> str:
    return f"{spec.checkpoint!r}" + (f" at revision {spec.revision!r}" if spec.revision else "")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
