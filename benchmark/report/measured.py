"""What was measured: pairs, checkpoints, protocol, tasks, prompts, versions, and how to do it again."""

import shlex
from collections.abc import Iterator, Sequence

from ..contrast.side import Side
from ..record.provenance import MemberProvenance
from ..record.quantity import PERCENT
from ..record.record import Record
from ..tables.cells import DASH, Notes
from ..tables.reproducing import command
from ..tables.table import protocol_name
from .markdown import MARKUP, code, name, names, paragraph, table, text
from .sources import Sources


def measured(sources: Sources) -> list[str]:
    """All of it."""
    records = [side.record for side in sources.every]
    return [
        *_pairs(sources),
        *_protocol(records[0]),
        *(part for record in records for part in _tasks(record)),
        *_prompts(records[0]),
        *_environments(sources.every),
        *_again(sources),
    ]


def _pairs(sources: Sources) -> list[str]:
    graphs = {side.record.pair.name: _graph(side.record) for side in sources.every}
    said = set(graphs.values())
    shown = (
        f"Every graph has {said.pop()}."
        if len(said) == 1
        else " ".join(f"The graph of {name(pair)} has {graph}." for pair, graph in graphs.items())
    )
    return [
        "## What was measured",
        "### Pairs",
        table(
            ["pair", "second member is", "attention", "logits are read", "mask token", "weights moved"],
            [_pair(side.record) for side in sources.every],
        ),
        paragraph(
            f"""{shown} *Weights moved*: by how much, relative to the norm of the ARM's, from the kind of
            module that moved least to the one that moved most."""
        ),
        table(
            ["member", "checkpoint", "revision", "weights, SHA-256", "class", "precision"],
            [*_members(sources.every)],
        ),
    ]


def _graph(record: Record) -> str:
    pair = record.pair
    heads = f"{pair.heads} heads and {pair.kv_heads} key/value heads"
    return f"{pair.layers} layers of {heads}, and {pair.edges:,} edges"


def _pair(record: Record) -> list[str]:
    pair, moved = record.pair, record.pair.movement
    least, most = (choose(moved, key=moved.__getitem__, default="") for choose in (min, max))
    ends = dict.fromkeys(each for each in (least, most) if each)
    return [
        name(pair.name),
        "the ARM, trained further (a control)" if pair.control else "an MDM",
        text(pair.mdm.attention),
        "one position before" if pair.mdm.shift else "at the position",
        DASH if pair.control else f"{pair.mask_id}{' (an ordinary token)' * pair.ordinary_mask}",
        " to ".join(f"{moved[each]:.3f} ({text(each)})" for each in ends) or "not recorded",
    ]


def _members(sides: Sequence[Side]) -> Iterator[list[str]]:
    """Every model once: an ARM that several pairs share is one."""
    arms: dict[str, list[Record]] = {}
    for side in sides:
        arms.setdefault(side.record.pair.arm.digest, []).append(side.record)
    for records in arms.values():
        of = "" if len(records) == len(sides) else f" of {names([each.pair.name for each in records])}"
        yield _member(f"ARM{of}", records[0].pair.arm)
    for side in sides:
        record = side.record
        yield _member(f"{record.pair.second} of {name(record.pair.name)}", record.pair.mdm)


def _member(called: str, member: MemberProvenance) -> list[str]:
    found = (member.checkpoint, member.revision or DASH, member.digest, member.native, member.dtype)
    return [called, *map(name, found)]


def _protocol(record: Record) -> list[str]:
    protocol = record.protocol
    statistics, sampling = protocol.statistics, protocol.sampling
    halves = "disjoint halves" if protocol.halving.disjoint else "the same examples"
    return [
        "### Protocol",
        paragraph(
            f"""Protocol {text(protocol_name(record))}: up to {sampling.pool} examples a task that both
            members solve (seed {sampling.seed}), of at most {sampling.candidates} times as many that are
            tried. Circuits are found and judged on {halves} of them. Intervals are from
            {statistics.resamples} resamples."""
        ),
        table(
            ["setting", "value"],
            [[name(setting), text(_setting(value))] for setting, value in protocol.settings()],
        ),
    ]


def _setting(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _tasks(record: Record) -> list[str]:
    notes = Notes(MARKUP)
    rows = [
        [
            name(task.task),
            f"{task.suite}, {task.surface}",
            f"{text(task.level)}, version {task.version}",
            notes.cell(task.pool.arm.share, PERCENT),
            notes.cell(task.pool.mdm.share, PERCENT),
            f"{task.pool.discovery} / {task.pool.evaluation}",
            str(task.pool.templates),
            name(task.pool.fingerprint[:12]),
        ]
        for task in record.results
    ]
    heads = [
        "task",
        "suite, surface",
        "level",
        "solved by the ARM",
        f"solved by the {record.pair.second}",
        "discovery / evaluation",
        "templates",
        "prompts, digest",
    ]
    return [f"### Tasks of {name(record.pair.name)}", table(heads, rows, notes)]


def _prompts(record: Record) -> list[str]:
    """The first example of every task, as the members read it."""
    rows = [
        [name(task.task), *(_tokens(getattr(prompt, part)) for part in _PARTS)]
        for task in record.tasks
        for prompt in task.prompts[:1]
    ]
    if not rows:
        return []
    return [
        "### Prompts",
        paragraph(
            f"""An example of every task of {name(record.pair.name)}, token by token. The metric is the
            answer's value less the foil's."""
        ),
        table(["task", *_PARTS], rows),
    ]


_PARTS = ("clean", "corrupted", "answer", "foil")


def _tokens(tokens: Sequence[str]) -> str:
    return " · ".join(text(token) or "␣" for token in tokens)


def _environments(sides: Sequence[Side]) -> list[str]:
    """A line for each field, a column for each environment that there is."""
    columns: dict[tuple[str, ...], list[str]] = {}
    for side in sides:
        values = tuple(str(value) for _, value in side.record.environment)
        columns.setdefault(values, []).append(side.record.pair.name)
    fields = list(type(sides[0].record.environment).model_fields)
    rows = [[field, *(text(values[index]) for values in columns)] for index, field in enumerate(fields)]
    heads = ["all records"] if len(columns) == 1 else [names(pairs) for pairs in columns.values()]
    return ["### Made with", table(["", *heads], rows)]


def _again(sources: Sources) -> list[str]:
    words = ["mechshift", "report", *(side.name for side in sources.pairs)]
    words += [word for control in sources.controls for word in ("--control", control.name)]
    words += ["--seeds"] * sources.seeds
    return [
        "### To do it again",
        paragraph(
            """Where a checkpoint is a folder, the command names it by its last two parts: put your own path
            there. Numbers agree to rounding on another machine."""
        ),
        code([*(command(side.record) for side in sources.every), shlex.join(words)]),
    ]
