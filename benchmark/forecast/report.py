"""A forecast as a page, and as JSON."""

from typing import Any

from tabulate import tabulate

from ..run.plan import MEMBERS
from ..run.timing import in_words
from .forecast import MARGIN, Forecast, gigabytes, refusal, remedies, remedy
from .machine import Machine
from .memory import StagePeak
from .planned import Planned

STAGES = (
    "decoding",
    "attribution",
    "circuits",
    "entropies",
    "effects",
    "cards",
    "other reads",
    "ablation",
    "transfer",
)


def render(found: Forecast, planned: Planned, machine: Machine, free_disk: int, workers: int) -> str:
    """What would be run and needed: tables of cells, passes and memory, disk, files, and whether it fits."""
    spec, sizes = found.sketch.spec, found.sketch.sizes[0]
    head = [
        ("pair", spec.name),
        ("protocol", found.protocol.name),
        ("token rows at once", found.rows),
        ("processes", workers),
        *_held(found),
        ("parameters of a member", f"{sizes.parameters:,} of {sizes.itemsize} bytes"),
    ]
    stages, highest, parts = _memory(found, machine)
    tables = [
        tabulate(head, tablefmt="plain", disable_numparse=True),
        tabulate(_plan(planned), CELLS, tablefmt="simple", disable_numparse=True, colalign=ALIGNED),
        tabulate(_passes(found), PASSES, tablefmt="simple", colalign=("left", "left", *["right"] * 8)),
        tabulate(stages, ("stage", "peak, GB"), tablefmt="simple", floatfmt=".2f"),
        tabulate(parts, (f"of {highest}", "GB"), tablefmt="simple", floatfmt=".2f"),
    ]
    unfit = [
        f"{work.task}: {count} of {work.tried} examples are not asked ({reason})"
        for work in found.tasks
        for reason, count in work.unfit.items()
    ]
    lines = [
        _there(planned),
        _time(planned, workers),
        *_patching(found),
        _gaps(found),
        f"disk: {gigabytes(found.written)} of cells and record to be written, {gigabytes(free_disk)} free",
        _files(found),
        verdict(found, machine),
    ]
    return "\n\n".join([*tables, *(["\n".join(unfit)] if unfit else []), "\n".join(lines)])


def _held(found: Forecast) -> list[tuple[str, str]]:
    """How the pair is held in memory, where that is not as usual."""
    limits = found.limits
    told = [("members in memory", "one after the other")] if limits.in_turn else []
    if limits.share < 1:
        told.append(("of what is usual held at once", f"1/{round(1 / limits.share)}"))
    return [*told, *((f"weights on {device}", sizes) for device, sizes in _on_devices(found))]


def _on_devices(found: Forecast) -> list[tuple[str, str]]:
    """Of several devices which weights each holds, in words; none where there is one."""
    return [
        (device, f"{gigabytes(arm)} of the ARM, {gigabytes(other)} of the {found.sketch.mdm.called}")
        for device, (arm, other) in weights_on(found).items()
    ]


def weights_on(found: Forecast) -> dict[str, list[int]]:
    """Bytes of the weights of ARM and MDM on each of several devices; empty where there is one."""
    devices = {device: None for shares in found.sketch.devices for device in shares}
    return {
        device: [
            round(shares.get(device, 0) * sizes.weights)
            for shares, sizes in zip(found.sketch.devices, found.sketch.sizes, strict=True)
        ]
        for device in devices
    }


CELLS = ("task", "cell", "there", "time", "key", "needs")
ALIGNED = ("left", "left", "left", "right", "left", "left")


def _plan(planned: Planned) -> list[tuple[str, ...]]:
    there = {True: "yes", False: "no", None: "?"}
    return [
        (
            cell.task,
            cell.name,
            there[cell.there],
            "" if cell.seconds is None or cell.there else in_words(cell.seconds),
            cell.key or "?",
            " ".join(cell.needs),
        )
        for cell in planned.cells
    ]


def _there(planned: Planned) -> str:
    number = len(planned.cells)
    if not planned.known:
        return (
            f"cells: {number}; which of them exist is unknown, as their keys depend on the weights' digests "
            "and on the machine"
        )
    claimed = sum(cell.claimed for cell in planned.missing)
    others = f"; another run computes {claimed}, if it is still there" if claimed else ""
    return f"cells: {number}, of which {number - len(planned.missing)} exist already{others}"


def _time(planned: Planned, workers: int) -> str:
    wall = planned.wall(workers)
    if wall is None or planned.source is None:
        return (
            "time: unknown; measure this machine for 20 seconds with --probe 20, say with --tflops what its "
            "device does, or name the folder of an earlier run of the pair with --out"
        )
    probed = (
        "a probe of this machine, which counts only matrix products: small models take up to 3 times that"
    )
    sources = {
        "probe": f"judging by {probed}",
        "stated": "at the device's speed as stated, and with statistics as fast as on this machine",
        "earlier": "judging by earlier runs of the pair in --out",
    }
    return (
        f"time: about {in_words(wall)}, {sources[planned.source]}; loading and "
        "checking the pair are not counted"
    )


PASSES = (
    "task",
    "stage",
    "examples",
    "ARM rows",
    "ARM passes",
    "ARM tokens",
    "MDM rows",
    "MDM passes",
    "MDM tokens",
    "TFLOP",
)


def _passes(found: Forecast) -> list[tuple[object, ...]]:
    """Passes are forward ones + those back; tokens are run forward."""
    rows: list[tuple[object, ...]] = []
    for work in found.tasks:
        for stage in STAGES:
            both = [member.passes[stage] for member in work.members]
            flop = sum(p.flop(sizes) for p, sizes in zip(both, found.sketch.sizes, strict=True))
            cells = [
                cell
                for p in both
                for cell in (p.rows, f"{p.forward}{f'+{p.backward}' if p.backward else ''}", p.tokens)
            ]
            rows.append((work.task, stage, both[0].examples, *cells, f"{flop / 1e12:.3g}"))
    return rows


Peaks = list[tuple[str, float]]


def _memory(found: Forecast, machine: Machine) -> tuple[Peaks, str, Peaks]:
    """GB of every stage, and the name and the parts of the highest."""
    of_host = not machine.shared and found.scarcest(machine).place != machine.name
    told = {stage.stage: _parts(stage, machine, of_host) for stage in found.stages}
    stages = [(name, sum(parts.values()) / 1e9) for name, parts in told.items()]
    highest = max(told, key=lambda name: sum(told[name].values()))
    return stages, highest, [(part, size / 1e9) for part, size in told[highest].items() if size >= 5e5]


def _parts(stage: StagePeak, machine: Machine, of_host: bool) -> dict[str, int]:
    """Of the memory that is told: of an accelerator the device's, or the host's where that is scarcer."""
    if machine.shared:
        device, host = stage.parts(shared=True)
        return {**device, **host}
    return {**stage.host, **stage.passing} if of_host else dict(stage.device)


def _patching(found: Forecast) -> list[str]:
    runs = found.patched_runs
    if not runs:
        return []
    edges = found.asked_sizes[0].graph.edges
    return [
        f"exact patching: {runs:,} runs of a prompt, one for each of {edges:,} edges and every row that is "
        "scored; --scores gim or eap-ig take a few for each row"
    ]


def _gaps(found: Forecast) -> str:
    if found.sketch.spec.line is not None:
        return "gaps: how a line fills gaps is not checked, as nobody trained it to"
    if not found.gaps.forward:
        return "gaps: the tokenizer can encode none of the texts that check the MDM's behaviour"
    tera = found.gaps.flop(found.sketch.sizes[1]) / 1e12
    passes = f"{found.gaps.forward} passes over {found.gaps.tokens} tokens, {tera:.3g} TFLOP"
    return f"gaps: checking the MDM's behaviour takes at most {passes}"


def _files(found: Forecast) -> str:
    missing = missing_files(found)
    if not missing:
        return "files: all are on this machine"
    names = ", ".join(f"{name} ({gigabytes(size)})" for name, size in missing.items())
    return f"files: {gigabytes(found.to_fetch)} to be fetched: {names}"


def missing_files(found: Forecast) -> dict[str, int]:
    """Bytes of the files that would be fetched, by checkpoint and name."""
    return {
        f"{one.name}/{file.name}": file.size_bytes for one in found.sketch.checkpoints for file in one.missing
    }


def verdict(found: Forecast, machine: Machine) -> str:
    """Whether the run fits, fits hardly, or does not, and what would make it."""
    need = found.scarcest(machine)
    judged = _judged(found, machine)
    if judged == "fits":
        return f"fits: at most {gigabytes(need.needed)} of {gigabytes(need.free)} on {need.place}"
    if judged == "tight":
        options = remedies(found, machine)
        advice = f"; it certainly fits with {options[0]}" if options else ""
        return f"tight: {refusal(found, machine)}{advice}"
    return f"does not fit: {refusal(found, machine)}; {remedy(found, machine)}"


def _judged(found: Forecast, machine: Machine) -> str:
    share = found.share(machine)
    if share <= 1:
        return "fits"
    # What a run may take has no margin, what is free has one.
    return "tight" if share <= MARGIN and not found.limits.bounded else "does not fit"


def as_json(
    found: Forecast, planned: Planned, machine: Machine, free_disk: int, workers: int
) -> dict[str, Any]:
    """All of a forecast as JSON takes it; sizes in bytes, times in seconds, `left` of all processes added."""
    share = found.share(machine)
    return {
        "pair": found.sketch.spec.name,
        "protocol": found.protocol.name,
        "rows": found.rows,
        "limits": vars(found.limits),
        "workers": workers,
        "devices": weights_on(found),
        "parameters": [one.parameters for one in found.sketch.sizes],
        "bytes_per_parameter": [one.itemsize for one in found.sketch.sizes],
        "tasks": [
            {
                "task": work.task,
                "tried": work.tried,
                "unfit": work.unfit,
                "pool": work.pooled,
                "stages": {
                    stage: {
                        role: {**vars(member.passes[stage]), "flop": member.passes[stage].flop(sizes)}
                        for role, member, sizes in zip(MEMBERS, work.members, found.sketch.sizes, strict=True)
                    }
                    for stage in STAGES
                },
            }
            for work in found.tasks
        ],
        "plan": [vars(cell) for cell in planned.cells],
        "seconds": {"left": planned.left, "wall": planned.wall(workers), "source": planned.source},
        "gaps": {**vars(found.gaps), "flop": found.gaps.flop(found.sketch.sizes[1])},
        "memory": [
            {
                "stage": stage.stage,
                "device": dict(stage.parts(machine.shared)[0]),
                "host": dict(stage.parts(machine.shared)[1]),
                "passing": dict(stage.passing),
            }
            for stage in found.stages
        ],
        **vars(found.scarcest(machine)),
        "verdict": _judged(found, machine),
        "remedies": remedies(found, machine) if share > 1 else [],
        "patched_runs": found.patched_runs,
        "written": found.written,
        "free_disk": free_disk,
        "to_fetch": missing_files(found),
    }
