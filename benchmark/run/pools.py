"""Whether a pool can be analysed, and what a record says of it."""

from ..asking.grouping import group_examples
from ..asking.pool import Pool
from ..record.protocol import Protocol
from ..record.task_record import PoolRecord


def why_unusable(pool: Pool, protocol: Protocol) -> str | None:
    """Why a pool cannot be analysed; None where it can."""
    if not pool.arm.tried:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in pool.unfit.items())
        return f"the tokenizer leaves no example: {reasons}"
    if len(pool.solved) < protocol.minimum:
        return (
            f"ARM solves {pool.arm.solved} of {pool.arm.tried}, MDM {pool.mdm.solved}, "
            f"both {len(pool.solved)}: fewer than the {protocol.minimum} that protocol {protocol.name} needs"
        )
    # One group cannot be split into halves, so there would be no ceiling either.
    if len(group_examples(pool.solved, protocol.halving).templates) < 2:
        return "all examples are of one group, so that nothing can be resampled"
    return None


def describe_pool(pool: Pool, protocol: Protocol) -> PoolRecord:
    """The pool as a record has it."""
    grouping = group_examples(pool.solved, protocol.halving)
    return PoolRecord(
        arm=pool.arm,
        mdm=pool.mdm,
        mdm_in_place=pool.mdm_in_place,
        unfit=pool.unfit,
        other_form=pool.other_form,
        common=len(pool.solved),
        discovery=len(grouping.discovery),
        evaluation=len(grouping.evaluation),
        templates=len(set(grouping.templates)),
        fingerprint=pool.fingerprint,
    )
