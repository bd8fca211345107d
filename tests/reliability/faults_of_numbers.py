"""Faults of numbers and of memory: weights and activations that are not finite, batches that do not fit."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from reliability.fault import Faults
from reliability.under_fault import (
    SAME,
    Before,
    Ended,
    Ground,
    Harm,
    Seen,
    acting,
    record_of,
    shortened,
)
from safetensors.torch import load_file, save_file
from torch import Tensor

from mechshift.benchmark.admission import load
from mechshift.benchmark.pairs.pair import Pair

NUMBERS = Faults("Numbers and memory")
LOAD = load.load_pair
"""As it is, where processes otherwise have a pair that is loaded already."""

STAGES = ("pool", "scores", "sweep", "entropies", "effects", "stages", "ablation", "transfer")
"""Those of whose cells a model is run; neuron cards are not among them, as the small protocol has none."""


def _in_weights(ground: Ground, value: float) -> Seen:
    """One weight of the MDM's checkpoint has that value; afterwards the pair is itself again."""
    out = ground.begun("comparison")
    spec = ground.pair.spec
    mdm = out.parent / "mdm"
    shutil.copytree(spec.mdm.checkpoint, mdm)
    weights = mdm / "model.safetensors"
    state = load_file(weights)
    next(tensor for name, tensor in state.items() if "layers.3.mlp" in name).view(-1)[7] = value
    save_file(state, weights, {"format": "pt"})

    def load_anew() -> None:
        load.load_pair = LOAD

    arm = str(Path(spec.arm.checkpoint))
    ended = ground.run(out, "--arm", arm, "--mdm", str(mdm), "--no-shift", before=load_anew)
    return _with_error(ground, out, ended, "the MDM's parameter model.layers.3.mlp", code=2)


def _with_error(ground: Ground, out: Path, ended: Ended, says: str, code: int = 3) -> Seen:
    if ended.code != code or says not in ended.said:
        raise Harm(f"not the error that was to come: {ended}")
    return ground.seen(out, ended)


@NUMBERS.fault("NaN in weights", "one weight of the MDM's checkpoint", quick=True)
def nan_in_weights(ground: Ground) -> Seen:
    return _in_weights(ground, math.nan)


@NUMBERS.fault("Infinity in weights", "one weight of the MDM's checkpoint")
def infinity_in_weights(ground: Ground) -> Seen:
    return _in_weights(ground, math.inf)


def _scaled(ground: Ground, member: str, factor: float) -> Before:
    """To be done before a run: a layer of a member, after it was checked, writes so many times as much."""

    def scale() -> None:
        backbone = (ground.pair.arm if member == "arm" else ground.pair.mdm).backbone
        weight: Tensor | None = backbone.layers[2].mlp_output_weight
        assert weight is not None
        with torch.no_grad():
            weight.mul_(factor)

    return scale


def _at_every_stage(ground: Ground, factor: float) -> Seen:
    """A layer of either member whose numbers are not finite, in every cell that runs it by itself."""
    names = [name for name in ground.cells if name.partition("-")[0] in STAGES]
    for name in names:
        member = "arm" if name.endswith("arm") else "mdm"
        out = ground.begun(name)
        ended = ground.run(out, before=_scaled(ground, member, factor))
        says = (
            f"infilling/{name}: the {member.upper()} computes numbers that, or whose squares, are not finite"
        )
        if ended.code != 3 or says not in ended.said or "first in the MLP of layer 3 of 6" not in ended.said:
            raise Harm(f"{name}: {ended}")
        seen = ground.seen(out, ended)
    return Seen(f"{seen.happened}; likewise in each of {len(names)} cells", seen.afterwards)


@NUMBERS.fault(
    "Infinity in activations",
    "the MLP of a layer writes 10³⁰ times as much, whose squares overflow; in every stage of either member",
)
def infinity_in_activations(ground: Ground) -> Seen:
    return _at_every_stage(ground, 1e30)


@NUMBERS.fault("NaN in activations", "the MLP of a layer writes NaN; in every stage of either member")
def nan_in_activations(ground: Ground) -> Seen:
    return _at_every_stage(ground, math.nan)


@NUMBERS.fault("NaN in activations, once", "the MLP of a layer of the MDM writes NaN", quick=True)
def nan_once(ground: Ground) -> Seen:
    out = ground.begun("entropies-mdm")
    ended = ground.run(out, before=_scaled(ground, "mdm", math.nan))
    return _with_error(ground, out, ended, "first in the MLP of layer 3 of 6")


def _halved(ground: Ground, out: Path, ended: Ended, says: str, *options: str) -> Seen:
    """What is seen of a run that went on with less at once: its record is the same but for rounding."""
    if ended.code or f"out of memory with {says}" not in ended.said:
        raise Harm(f"nothing was halved: {ended}")
    record, expected = (json.loads(record_of(each).read_text()) for each in (out, ground.whole))
    cells, _ = (each["tasks"][0].pop("cells") for each in (record, expected))
    said = {(cell.get("rows"), cell.get("share")) for cell in cells.values()}
    if not said > {(None, None)} or not _close(record, expected):
        raise Harm(f"the record says {said}, or other numbers")
    before = record_of(out).read_bytes()
    again = ground.run(out, *options)
    if again.code or record_of(out).read_bytes() != before:
        raise Harm(f"not the same again: {again}")
    return Seen(f"{SAME} but for rounding: {shortened(ended.said, out)}", "the same bytes as that record")


def _close(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_close(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(_close, found, expected))
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5)
    return bool(found == expected)


def _on_an_accelerator() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


def _on_the_host() -> None:
    torch.empty(10**15)


def _with_room_for(pair: Pair, rows: int, lack: Callable[[], object]) -> Before:
    """To be done before a run: a pass of the MDM of more rows has no memory."""

    def check(module: object, inputs: object, options: dict[str, Any]) -> None:
        if len(options["inputs_embeds"]) > rows:
            lack()

    return lambda: pair.mdm.backbone.base.register_forward_pre_hook(check, with_kwargs=True)


@NUMBERS.fault(
    "Out of memory on an accelerator",
    "`torch.OutOfMemoryError` for every pass of the MDM of more than 8 rows: made up, on a CPU",
    quick=True,
)
def device_memory(ground: Ground) -> Seen:
    out = ground.begun("effects-mdm", "comparison")
    ended = ground.run(out, before=_with_room_for(ground.pair, 8, _on_an_accelerator))
    return _halved(ground, out, ended, "a batch of 64 rows, begun again with 32")


@NUMBERS.fault(
    "Out of memory on the host",
    "every pass of the MDM of more than 8 rows asks for a petabyte, which torch's own allocator refuses",
)
def host_memory(ground: Ground) -> Seen:
    out = ground.begun("effects-mdm", "comparison")
    ended = ground.run(out, before=_with_room_for(ground.pair, 8, _on_the_host))
    return _halved(ground, out, ended, "a batch of 64 rows, begun again with 32")


@NUMBERS.fault(
    "Out of memory with one row", "`--batch 1`, and the same for every pass of the MDM of more than one row"
)
def one_row(ground: Ground) -> Seen:
    """Integration steps, circuits and components are rows of one pass too."""
    out = ground.begun("effects-mdm", "comparison")
    ended = ground.run(out, "--batch", "1", before=_with_room_for(ground.pair, 1, _on_the_host))
    return _halved(ground, out, ended, "a batch of 1 row, begun again with 1/2", "--batch", "1")


@NUMBERS.fault("No memory for a single row", "the same for every pass of the MDM")
def no_memory(ground: Ground) -> Seen:
    out = ground.begun("entropies-mdm")
    ended = ground.run(out, before=_with_room_for(ground.pair, 0, _on_the_host))
    return _with_error(ground, out, ended, "out of memory, with one row")


@NUMBERS.fault("No memory for what needs no model", "`MemoryError` in `comparison`, made up")
def no_memory_for_statistics(ground: Ground) -> Seen:
    def lack() -> None:
        raise MemoryError("Unable to allocate 7.45 GiB")

    out = ground.begun("comparison")
    ended = ground.run(out, before=acting("comparison", lack))
    return _with_error(ground, out, ended, "infilling/comparison: out of memory\nuse a machine with more")
