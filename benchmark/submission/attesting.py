"""An attestation written to a board: what it needs is checked first, its files appear at the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ...errors import NotComputable, UsageError, printable
from ...files import refused
from ..record.files import write_model
from ..record.provenance import Environment
from ..record.record import Record
from .attestation import (
    ATTESTATIONS,
    AttestedCell,
    Digests,
    Name,
    attestable_digests,
    attestation_path,
    make_attestation,
    sign,
)
from .placing import temporary_folder


@dataclass(frozen=True)
class Attesting:
    """What is to be attested, where and by whom, as it was before anything was computed."""

    submission: Path
    board: Path
    by: str
    key: Path | None
    digests: Digests


def prepare_attestation(submission: Path, board: Path, by: str, key: Path | None) -> Attesting:
    """Check all that an attestation needs, before cells are computed.

    Raises UsageError for an archive, whose manifest no board holds; for a board that is no folder; for a name
    that is empty, too long or more than a line; for a key that is no file; and NotComputable for a submission
    that cannot be read.
    """
    if not submission.is_dir():
        raise UsageError(f"{submission} is no folder", "attest the folder that lies on the board")
    if not board.is_dir() or (board / ATTESTATIONS).exists() > (board / ATTESTATIONS).is_dir():
        raise UsageError(f"{board} is no board", "name the folder that the submissions lie in")
    try:
        TypeAdapter(Name).validate_python(by)
    except ValidationError as error:
        raise _wrong_name(by) from error
    if not by.strip() or not by.isprintable():
        raise _wrong_name(by)
    if key is not None and not key.is_file():
        raise UsageError(f"there is no key {key}", "name an SSH key, such as ~/.ssh/id_ed25519")
    return Attesting(submission, board, by, key, attestable_digests(submission))


def _wrong_name(by: str) -> UsageError:
    return UsageError(
        f"{printable(by)[:50]!r} is no name of who attests", "give one line of at most 200 characters"
    )


def write_attestation(
    asked: Attesting, record: Record, cells: Iterable[AttestedCell], environment: Environment
) -> Path:
    """Write the attestation of cells that were computed again, signed where a key is given; its path.

    Where it cannot be made or signed, the board stays as it was. Raises NotComputable where the submission
    has changed since it was checked, and what `make_attestation` and `sign` raise.
    """
    folder = asked.submission.resolve()
    when = datetime.now(UTC).replace(microsecond=0)
    made = make_attestation(folder, record, cells, asked.by, when, environment)
    if Digests(made.manifest, made.record, made.card) != asked.digests:
        raise NotComputable(
            f"{asked.submission} has changed since it was checked",
            "run the command again, and leave it as it is",
        )
    goal = attestation_path(asked.board, folder.name)
    signature = goal.with_name(f"{goal.name}.sig")
    with temporary_folder(goal) as temporary:
        path = temporary / goal.name
        write_model(made, path)
        signed = None if asked.key is None else sign(path, asked.key)
        try:
            # An older signature is of the attestation that is replaced.
            signature.unlink(missing_ok=True)
            path.replace(goal)
            if signed is not None:
                signed.replace(signature)
        except OSError as error:
            raise refused(goal, error) from error
    return goal
