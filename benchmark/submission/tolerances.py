"""How far a cell that is computed again may lie from the submitted one, where only the hardware differs."""

from collections.abc import Mapping

from ..record.record import Record

CIRCUITS = "circuits"
"""The name of the tolerance of chosen circuits, which scores and sweeps have beside that of their stage."""

TOLERANCES: Mapping[str, Mapping[str, float]] = {
    "float32": {
        "pool": 0.01,
        "prompts": 0.0,
        "scores": 1e-3,
        "sweep": 1e-3,
        "entropies": 1e-3,
        "effects": 1e-3,
        "cards": 0.05,
        "stages": 1e-3,
        "ablation": 1e-3,
        "transfer": 1e-3,
        CIRCUITS: 0.02,
    },
    "bfloat16": {
        "pool": 0.05,
        "prompts": 0.0,
        "scores": 0.2,
        "sweep": 0.1,
        "entropies": 0.1,
        "effects": 0.2,
        "cards": 0.3,
        "stages": 0.2,
        "ablation": 0.2,
        "transfer": 0.1,
        CIRCUITS: 0.17,
    },
}
"""The largest deviation that other hardware may cause, by the precision of the weights and the stage.

Whatever is not float32 counts as bfloat16.

At least three times what `tests/reliability/hardware.py` measured; docs/trust.md has the figures.
"""


def tolerances_of(record: Record) -> Mapping[str, float]:
    """The tolerances by stage that hold for a record: those of the coarser of its members' precisions."""
    dtypes = {record.pair.arm.dtype, record.pair.mdm.dtype}
    return TOLERANCES["float32" if dtypes == {"float32"} else "bfloat16"]
