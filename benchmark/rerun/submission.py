"""A submission's cells computed again: the pair is loaded, and what deviates is told as findings."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from ...errors import NotComputable, UsageError
from ..asking.states import ROWS
from ..findings.finding import Finding
from ..pairs.device_map import DeviceMap
from ..pairs.loading import open_pair
from ..pairs.registry import get_pair, list_pairs
from ..pairs.spec import MemberSpec, PairSpec, Precision
from ..record.files import read_model
from ..record.record import Record
from ..run.plan import Cell
from ..submission.archive import opened
from ..submission.attestation import AttestedCell, only_without_circuits
from ..submission.attesting import Attesting, write_attestation
from ..submission.layout import MANIFEST, RECORD
from ..submission.manifest import Manifest
from .rerun import Rerun, RerunCell, choose_cells, rerun_cells


@dataclass(frozen=True)
class RerunRequest:
    """How many cells are computed again, of which pair (None: the listed one of that name), and where.

    `seed`: of the draw; None takes the system's own randomness, which no submitter can know beforehand.
    `attest`: refuse a draw that could not be attested, before anything is computed.
    """

    number: int
    pair: str | None = None
    seed: int | None = None
    attest: bool = False
    device: str | DeviceMap | None = None
    offline: bool = False
    rows: int = ROWS


def rerun_submission(
    path: Path, request: RerunRequest, announce: Callable[[Cell], None]
) -> tuple[Record, Rerun]:
    """The record of a valid submission, and its cells that were drawn and computed again.

    Raises UsageError where the pair is not known, PairError where it cannot be loaded, and NotComputable
    where it is not the one of the record, or where what was drawn could not be attested.
    """
    with opened(path) as (folder, _):
        assert folder is not None, "the submission was validated"
        record_path = folder / RECORD
        record = read_model(record_path, Record)
        step = read_model(folder / MANIFEST, Manifest).step
        chance = random.SystemRandom() if request.seed is None else random.Random(request.seed)
        cells = choose_cells(record, request.number, chance)
        if request.attest and only_without_circuits(cell.name for cell in cells):
            raise NotComputable(
                "only pools and prompts were drawn, which no attestation can be of alone",
                "run the command again, or with more cells",
            )
        pair = open_pair(_spec(record, request.pair), request.device, request.offline)
        return record, rerun_cells(record_path, record, cells, pair, request.rows, step, announce)


def _spec(record: Record, name: str | None) -> PairSpec:
    """The pair of a record, with its members at the precisions that the record says."""
    spec = get_pair(_listed_name(record) if name is None else name)
    pair = record.pair
    return replace(spec, arm=_at(spec.arm, pair.arm.dtype), mdm=_at(spec.mdm, pair.mdm.dtype))


def _at(member: MemberSpec, dtype: str) -> MemberSpec:
    """The member at the precision that its weights were recorded at, whatever is listed or installed now."""
    for precision in get_args(Precision):
        if precision == dtype:
            return replace(member, loader=replace(member.loader, precision=precision))
    return member


def _listed_name(record: Record) -> str:
    """The listed pair that a record is of. Raises UsageError for any other name.

    A name is the submitter's word, and one that ends with .toml would be read as a file of this machine.
    """
    called = record.pair.name
    # A precision that was asked for is part of a pair's name.
    for name in (called, called.removesuffix(f"-{record.pair.mdm.dtype}")):
        if name in list_pairs():
            return name
    raise UsageError(
        f"the record's pair, {called!r}, is none of the listed pairs",
        "name the pair with --pair: one that is listed, or FILE.toml",
    )


def rerun_findings(rerun: Rerun) -> tuple[Finding, ...]:
    """A finding for each cell that lies further from what was submitted than other hardware explains."""
    return tuple(
        Finding(
            "rerun",
            f"{cell.task} {cell.name}",
            f"computed again it {told_deviation(cell)}",
            "run it on another machine, then ask the submitter",
        )
        for cell in rerun.cells
        if not cell.agrees
    )


def told_deviation(cell: RerunCell) -> str:
    """How far a cell deviates and how far it may, in words."""
    line = f"deviates by {cell.deviation:.3g}, tolerated {cell.tolerance:g}"
    if cell.circuits is None:
        return line
    return f"{line}; its circuits by {cell.circuits:.3g}, tolerated {cell.circuits_tolerance:g}"


def attest(asked: Attesting, record: Record, rerun: Rerun) -> Path:
    """Write the attestation of a rerun in which all cells agree; its path. Raises as `write_attestation`."""
    cells = [
        AttestedCell(
            task=one.task,
            name=one.name,
            key=one.key,
            digest=one.digest,
            deviation=one.deviation,
            tolerance=one.tolerance,
            circuits=one.circuits,
        )
        for one in rerun.cells
    ]
    return write_attestation(asked, record, cells, rerun.environment)
