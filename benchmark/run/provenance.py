"""What a record says about where it comes from: the pair, and the machine it was made on."""

import platform
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from ..circuits.graph import Graph
from ..pairs.pair import Pair, Provenance
from ..pairs.spec import MemberSpec, PairSpec
from ..pairs.threads import suited_threads
from ..record.protocol import Protocol
from ..record.provenance import (
    Environment,
    LineProvenance,
    MemberProvenance,
    NoiseProvenance,
    PairProvenance,
)
from .plan import Subject


def describe_pair(pair: Pair, protocol: Protocol) -> PairProvenance:
    """The pair's members, tokens, shape, and mean relative movement of the weights by kind of module."""
    shape = pair.arm.backbone.shape
    moved: dict[str, list[float]] = defaultdict(list)
    for movement in pair.movement:
        if movement.change is not None:
            moved[movement.module].append(movement.change)
    return PairProvenance(
        name=pair.spec.name,
        control=pair.spec.control,
        confounds=pair.confounds,
        arm=_member(pair.spec.arm, pair.arm_provenance),
        mdm=_member(pair.spec.mdm, pair.mdm_provenance),
        mask_id=pair.mdm.mask_id,
        ordinary_mask=pair.ordinary_mask,
        tokenizer=pair.tokenizer_digest,
        layers=shape.layers,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        edges=Graph.of(shape, protocol.scoring.kv).edges,
        movement={kind: float(np.mean(values)) for kind, values in moved.items()},
        line=_line(pair),
    )


def _line(pair: Pair) -> LineProvenance | None:
    spec, moved_to = pair.spec, pair.moved_to
    if spec.line is None:
        return None
    if spec.noise is None or moved_to is None:
        return LineProvenance(name=spec.line)
    noise = NoiseProvenance(
        share=spec.noise.share,
        seed=spec.noise.seed,
        checkpoint=public_checkpoint(moved_to.checkpoint),
        revision=moved_to.revision,
        moved_to=moved_to.digest,
    )
    return LineProvenance(name=spec.line, noise=noise)


def describe_environment(pair: Pair) -> Environment:
    """Versions, machine, device, and the threads that a run of the pair has."""
    shape = pair.arm.backbone.shape
    return Environment(
        mechshift=version("mechshift"),
        python=platform.python_version(),
        torch=torch.__version__,
        transformers=version("transformers"),
        numpy=np.__version__,
        platform=platform.platform(),
        processor=platform.processor() or platform.machine(),
        # The kind: which of several it was moves no number, and any process may write the record.
        device=pair.device.type,
        threads=suited_threads(pair.device, shape.width),
    )


def subject_of(pair: Pair) -> Subject:
    """What can change a cell of a run of the pair."""
    weights = pair.arm_provenance, pair.mdm_provenance
    return make_subject(pair.spec, weights, pair.tokenizer_digest, pair.mdm.mask_id, pair.device)


def make_subject(
    spec: PairSpec,
    weights: tuple[Provenance, Provenance],
    tokenizer_digest: str,
    mask_id: int,
    device: torch.device,
) -> Subject:
    """What can change a cell of a run of such a pair, whether it is loaded or not."""
    arm, mdm = map(_member, (spec.arm, spec.mdm), weights)
    return Subject.of(
        {"arm": arm, "mdm": mdm},
        tokenizer=tokenizer_digest,
        mask_id=mask_id,
        autoregressive=spec.autoregressive,
        # Only the kind of device: which of several it was moves numbers by rounding at most.
        software={
            "torch": torch.__version__,
            "transformers": version("transformers"),
            "device": device.type,
        },
    )


def _member(spec: MemberSpec, provenance: Provenance) -> MemberProvenance:
    return MemberProvenance(
        checkpoint=public_checkpoint(provenance.checkpoint),
        revision=provenance.revision,
        digest=provenance.digest,
        native=provenance.native,
        dtype=provenance.dtype,
        attention=str(spec.attention),
        shift=spec.shift,
    )


def public_checkpoint(checkpoint: str) -> str:
    """A hub id as it is; of a directory the last two folders, as where it lay is of no use to others."""
    path = Path(checkpoint).expanduser()
    return "/".join(path.resolve().parts[-2:]) if path.is_dir() else checkpoint
