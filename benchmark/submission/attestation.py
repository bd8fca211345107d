"""Attestations: a maintainer has run cells of a submission again and found what the submitter had found.

They lie outside of submissions, in `BOARD/attestations/NAME.json`. Only those count that one of the SSH keys
in `BOARD/allowed_signers` has signed, in `NAME.json.sig`: a board without that file trusts nobody.
"""

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from ...errors import NotComputable, UsageError
from ...files import open_regular, write_text
from ..record.provenance import Environment
from ..record.record import Record
from ..record.strict import read_strict_json
from ..run.plan import KINDS
from ..run.store import digest_of
from .layout import CARD, MANIFEST, RECORD, parse_name
from .manifest import Declared, Digest
from .tolerances import CIRCUITS, tolerances_of

ATTESTATIONS = "attestations"
ALLOWED_SIGNERS = "allowed_signers"
NAMESPACE = "mechshift"
"""What signatures are made for: one that the same key made for something else does not count."""

LARGEST = 2**20
"""Bytes of an attestation, of its signature, and of the keys that may sign."""

PATIENCE = 20.0
"""Seconds after which a check of a signature is given up; it takes some hundredths."""

SIGNING_PATIENCE = 300.0
"""Seconds for a signature: somebody may have to type a passphrase or touch a key."""

Status = Literal["self-reported", "re-run"]

Key = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]


class AttestedCell(Declared):
    """A cell that was computed again from the models; `digest` is that of the submission's content.

    `deviation`: how far the result lies from the submission's (`rerun.deviation`), at most `tolerance`;
    `circuits`: how far the circuits of scores and sweeps lie apart, None for other cells.
    """

    task: Name
    name: Name
    key: Key
    digest: Digest
    deviation: Annotated[float, Field(ge=0)]
    tolerance: Annotated[float, Field(ge=0)]
    circuits: Annotated[float, Field(ge=0, le=1)] | None

    @model_validator(mode="after")
    def _within_tolerance(self) -> "AttestedCell":
        if self.deviation > self.tolerance:
            raise ValueError(f"the deviation, {self.deviation:g}, is above the tolerance, {self.tolerance:g}")
        return self


class Attestation(Declared):
    """Who has run which cells of a submission again, where, and how far the results lie apart.

    `manifest`, `record`, `card`: SHA-256 of the submission's files.
    """

    schema_version: Literal[1] = 1
    submission: Name
    manifest: Digest
    record: Digest
    card: Digest
    cells: Annotated[tuple[AttestedCell, ...], Field(min_length=1)]
    by: Name
    when: AwareDatetime
    environment: Environment


@dataclass(frozen=True)
class Digests:
    """SHA-256 of the files of a submission that an attestation is of; those of the manifest are in it."""

    manifest: str
    record: str
    card: str | None


@dataclass(frozen=True)
class Standing:
    """What is found of a submission: its status, and why an attestation that is there does not count.

    `attested`: how many cells were computed again, 0 where none counts; `cells`: how many models ran for.
    """

    status: Status
    refused: str | None = None
    attested: int = 0
    cells: int = 0


def digests_of(submission: Path) -> Digests:
    """The digests of a submission's folder. Raises OSError where manifest or record cannot be read."""
    card = submission / CARD
    return Digests(
        digest_of(submission / MANIFEST),
        digest_of(submission / RECORD),
        digest_of(card) if card.is_file() else None,
    )


def attestable_digests(submission: Path) -> Digests:
    """The digests of a submission's folder that has all its parts. Raises NotComputable for any other."""
    try:
        digests = digests_of(submission)
    except OSError as error:
        raise NotComputable(
            f"{submission} cannot be read: {error.strerror}", "name the folder of a submission"
        ) from error
    if digests.card is None:
        raise NotComputable(f"{submission} has no {CARD}", "attest a submission that is valid")
    return digests


def make_attestation(
    submission: Path,
    record: Record,
    cells: Iterable[AttestedCell],
    by: str,
    when: AwareDatetime,
    environment: Environment,
) -> Attestation:
    """The attestation of a submission's folder, from the results of running cells of its record again.

    Raises NotComputable where `problem_of_cells` finds something, and where the submission cannot be read.
    """
    attested = tuple(cells)
    if problem := problem_of_cells(attested, record):
        raise NotComputable(
            f"{submission.name} cannot be attested: {problem}", "attest only what was found again"
        )
    digests = attestable_digests(submission)
    assert digests.card is not None
    return Attestation(
        submission=submission.name,
        manifest=digests.manifest,
        record=digests.record,
        card=digests.card,
        cells=attested,
        by=by,
        when=when,
        environment=environment,
    )


def attestation_path(board: Path, submission: str) -> Path:
    """Where a board has the attestation of the submission of that name."""
    return board / ATTESTATIONS / f"{submission}.json"


def found_status(submission: str, digests: Digests, record: Record, board: Path) -> Standing:
    """The status of a submission of a board: "re-run" where a valid attestation of just these files is there.

    An attestation of other files, of cells that are not the record's, with a tolerance above what hardware
    explains, or without the signature of one of the board's keys leaves it "self-reported", with the reason.
    Never raises for what an attestation is or holds.
    """
    total = len(_model_cells(record))
    path = attestation_path(board, submission)
    # Also where it is a dangling link: somebody has put something there. Path.exists raises for a long name.
    if parse_name(submission) is None or not os.path.lexists(path):
        return Standing("self-reported", cells=total)
    attestation, faults = read_strict_json(path, Attestation, LARGEST)
    if attestation is None:
        first = faults[0]
        problem: str | None = f"{first.place}: {first.problem}" if first.place else first.problem
    else:
        problem = (
            _problem_of_files(attestation, submission, digests)
            or problem_of_cells(attestation.cells, record)
            or check_signature(path, board / ALLOWED_SIGNERS)
        )
    if attestation is None or problem is not None:
        return Standing("self-reported", f"its attestation does not count: {problem}", cells=total)
    return Standing("re-run", None, len({(cell.task, cell.name) for cell in attestation.cells}), total)


def _problem_of_files(attestation: Attestation, submission: str, digests: Digests) -> str | None:
    if attestation.submission != submission:
        return f"it is of {attestation.submission}"
    if (attestation.manifest, attestation.record) != (digests.manifest, digests.record):
        return "the submission has changed since"
    return None if attestation.card == digests.card else "the card has changed since"


def problem_of_cells(cells: Iterable[AttestedCell], record: Record) -> str | None:
    """Why cells that were computed again do not bear a record out; None where they do.

    Each has to be one that models ran for, with the record's key and digest, and not be tolerated more than
    `tolerances_of` says. At least one must be neither a pool nor its prompts, which hold no measured number
    of a circuit.
    """
    attested = tuple(cells)
    if not attested:
        return "no cell was run again"
    known, allowed = _model_cells(record), tolerances_of(record)
    for cell in attested:
        place = f"{cell.task}/{cell.name}"
        if known.get((cell.task, cell.name)) != (cell.key, cell.digest):
            return f"{place} is not a cell of the record that models ran for"
        most = allowed[_STAGES[cell.name]]
        if cell.tolerance > most:
            return f"{place} tolerates {cell.tolerance:g}, and hardware explains {most:g}"
        if (cell.circuits is None) == (_STAGES[cell.name] in _WITH_CIRCUITS):
            return f"{place} does not say how far its circuits deviate"
        if (cell.circuits or 0.0) > allowed[CIRCUITS]:
            return f"the circuits of {place} deviate by {cell.circuits:g}, at most {allowed[CIRCUITS]:g}"
    if only_without_circuits(cell.name for cell in attested):
        return "only pools and prompts were run again"
    return None


def only_without_circuits(names: Iterable[str]) -> bool:
    """Whether all cells of these names are pools and prompts, which hold nothing measured of a circuit."""
    return all(_STAGES[name] in _NO_CIRCUIT for name in names)


_STAGES = {kind.name: kind.stage for kind in KINDS if kind.members}
"""The stage of every kind of cell that models run for."""

_NO_CIRCUIT = ("pool", "prompts")
_WITH_CIRCUITS = ("scores", "sweep")


def _model_cells(record: Record) -> dict[tuple[str, str], tuple[str, str]]:
    """Key and digest of the cells that models ran for, by task and name."""
    return {
        (task.task, name): (cell.key, cell.digest)
        for task in record.results
        for name, cell in task.cells.items()
        if name in _STAGES
    }


def check_signature(path: Path, allowed: Path) -> str | None:
    """Why the signature beside a file does not count; None where it does.

    `allowed`: the keys that may sign, in the format of ssh-keygen(1), ALLOWED SIGNERS. A key that has expired
    or is listed for other namespaces only does not count.
    """
    # Anybody could write an attestation: without keys there is nothing to tell whose it is.
    if not (allowed.exists() or allowed.is_symlink()):
        return f"the board has no {allowed.name}"
    signature = path.with_name(f"{path.name}.sig")
    if not (signature.exists() or signature.is_symlink()):
        return "it is not signed"
    try:
        content, _, _ = _content(path), _content(signature), _content(allowed)
        found = _ssh_keygen("find-principals", "-s", str(signature), "-f", str(allowed))
        # A line for each key that fits, which may stand for several names. Any that verifies will do.
        for name in re.split(r"[\n,]", found.stdout.decode("utf-8", "replace")):
            asked = ("-f", str(allowed), "-I", name.strip(), "-n", NAMESPACE, "-s", str(signature))
            if name.strip() and _ssh_keygen("verify", *asked, given=content).returncode == 0:
                return None
    except (OSError, subprocess.SubprocessError) as error:
        return f"its signature cannot be checked: {getattr(error, 'strerror', None) or error}"
    return f"no key of {allowed.name} has signed it"


def sign(path: Path, key: Path) -> Path:
    """Sign a file with an SSH key; the signature is written beside it, as `NAME.sig`, and its path returned.

    `key`: a private key, or a public one whose private key an agent holds. Raises UsageError where there is
    no such key, NotComputable where ssh-keygen is not installed or does not sign, OutputError where the
    signature cannot be written.
    """
    if not key.is_file():
        raise UsageError(f"there is no key {key}", "name an SSH key, such as ~/.ssh/id_ed25519")
    try:
        # Through its standard input: beside an older signature ssh-keygen would ask whether to replace it.
        found = _ssh_keygen(
            "sign", "-f", str(key), "-n", NAMESPACE, given=_content(path), patience=SIGNING_PATIENCE
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotComputable(
            f"{path} cannot be signed: {getattr(error, 'strerror', None) or error}",
            "ssh-keygen of OpenSSH 8.2 or later signs files with -Y sign",
        ) from error
    if found.returncode != 0:
        said = found.stderr.decode("utf-8", "replace").strip() or f"exit code {found.returncode}"
        raise NotComputable(f"{key} does not sign: {said}", "try it with another key")
    signature = path.with_name(f"{path.name}.sig")
    write_text(signature, found.stdout.decode("ascii"))
    return signature


def _content(path: Path) -> bytes:
    """What a file holds. Raises OSError for what is no regular file, or is larger than any of these is."""
    with open_regular(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(0, f"{path.name} is larger than {LARGEST:,} bytes")
    return content


def _ssh_keygen(
    action: str, *arguments: str, given: bytes = b"", patience: float = PATIENCE
) -> subprocess.CompletedProcess[bytes]:
    # A list and no shell: names out of files stay what they are.
    command = ["ssh-keygen", "-Y", action, *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, timeout=patience, check=False)
    except FileNotFoundError as error:
        raise subprocess.SubprocessError("ssh-keygen is not installed") from error
