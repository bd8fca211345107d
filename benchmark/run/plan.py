"""A run as data: which cells there are, what each needs, and the key of all that can change it.

This is the one place that knows the order of the work. A run executes a plan, `--dry-run` prints it, and
`rescore` walks the part of it that needs no model.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from ...errors import NotComputable
from ..asking.pool import Pool, Prompts
from ..circuits.circuit import Circuit
from ..measure.ablations import Ablations
from ..measure.circuit_runs import CircuitRuns
from ..measure.effect_sums import EffectSums
from ..measure.evidence import Entropies
from ..measure.score_sums import ScoreSums
from ..measure.swept import Sweep
from ..record.cards import CardsCell
from ..record.causality import Causality
from ..record.comparison import Comparison
from ..record.files import read_model, write_model
from ..record.function import Function
from ..record.protocol import Part, Protocol, ProtocolTask
from ..record.provenance import MemberProvenance
from ..record.record import Record
from ..record.stages import load_stages, save_stages

MemberName = Literal["arm", "mdm"]
Stage = Literal[
    "pool",
    "prompts",
    "scores",
    "sweep",
    "circuit",
    "entropies",
    "effects",
    "cards",
    "comparison",
    "stages",
    "ablation",
    "causality",
    "transfer",
    "function",
]
MEMBERS: tuple[MemberName, ...] = ("arm", "mdm")
P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Kind:
    """A kind of cell: what it is computed from, and how its content is kept.

    `stage` is what is done, `member` whose evidence it is, None where it is of both. `needs`: cells of the
    same task; `others`: cells of every other task of the run that gives a comparison; `parts`: those of the
    protocol that it is computed by, the only ones that its computation is given, all of which the protocol
    has to have; `members`: those that run, none where no model does. `method` is raised by whoever changes
    the computation so that the same inputs give other numbers.
    """

    stage: Stage
    member: MemberName | None
    needs: tuple[str, ...]
    parts: tuple[str, ...]
    members: tuple[MemberName, ...]
    suffix: str
    load: Callable[[Path], Any]
    save: Callable[[Any, Path], None]
    method: int = 1
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What files, keys and records call it, such as `scores-arm`."""
        return kind_name(self.stage, self.member)


def kind_name(stage: Stage, member: MemberName | None = None) -> str:
    """The name of the kind of cell of a stage, of one member or of both: `scores-arm`, `pool`."""
    return stage if member is None else f"{stage}-{member}"


def _as_json(stage: Stage, member: MemberName | None, content: type[Any], **about: Any) -> Kind:
    return Kind(
        stage, member, suffix="json", load=partial(read_model, kind=content), save=write_model, **about
    )


def _as_arrays(stage: Stage, member: MemberName, content: type[Any], **about: Any) -> Kind:
    return Kind(stage, member, suffix="safetensors", load=content.load, save=content.save, **about)


def _kinds() -> Iterator[Kind]:
    sweeps = tuple(kind_name("sweep", member) for member in MEMBERS)
    yield _as_json("pool", None, Pool, needs=(), parts=("sampling",), members=MEMBERS)
    # The tokenizer is the ARM's. No model runs, but nothing else than the pair can say how it writes a text.
    yield _as_json("prompts", None, Prompts, needs=("pool",), parts=("sampling",), members=("arm",))
    for member in MEMBERS:
        yield _as_arrays(
            "scores",
            member,
            ScoreSums,
            needs=("pool",),
            parts=("sampling", "halving", "scoring"),
            members=(member,),
        )
    for member in MEMBERS:
        yield _as_arrays(
            "sweep",
            member,
            Sweep,
            needs=("pool", kind_name("scores", member)),
            parts=("sampling", "halving", "scoring", "sweeping"),
            members=(member,),
        )
    # The size of the compared circuits follows from both members' sweeps.
    for member in MEMBERS:
        yield _as_arrays(
            "circuit",
            member,
            Circuit,
            needs=(kind_name("scores", member), *sweeps),
            parts=("sweeping", "compared"),
            members=(),
        )
    for member in MEMBERS:
        yield _as_json(
            "entropies",
            member,
            Entropies,
            needs=("pool", kind_name("scores", member), *sweeps),
            parts=("sampling", "halving", "scoring", "sweeping", "compared"),
            members=(member,),
            method=2,
        )
    for member in MEMBERS:
        yield _as_arrays(
            "effects",
            member,
            EffectSums,
            needs=("pool",),
            parts=("sampling", "halving", "scoring", "removing"),
            members=(member,),
        )
    for member in MEMBERS:
        yield _as_json(
            "cards",
            member,
            CardsCell,
            needs=("pool", kind_name("scores", member)),
            parts=("sampling", "halving", "scoring"),
            members=(member,),
        )
    stages: tuple[Stage, ...] = ("scores", "sweep", "entropies", "effects")
    evidence = tuple(kind_name(stage, member) for stage in stages for member in MEMBERS)
    yield _as_json(
        "comparison",
        None,
        Comparison,
        needs=evidence,
        parts=("sweeping", "compared", "statistics"),
        members=(),
        method=4,
    )
    # Scores at other reads are used up at once: they would take as much room as all others together.
    yield Kind(
        "stages",
        None,
        suffix="safetensors",
        load=load_stages,
        save=save_stages,
        needs=("pool", *(kind_name("scores", member) for member in MEMBERS)),
        parts=("sampling", "halving", "scoring", "reading", "statistics"),
        members=MEMBERS,
    )
    for member in MEMBERS:
        yield _as_arrays(
            "ablation",
            member,
            Ablations,
            needs=("pool", kind_name("scores", member)),
            # Of the sweeping what stands for the empty circuit.
            parts=("sampling", "halving", "scoring", "sweeping", "ablating"),
            members=(member,),
        )
    yield _as_json(
        "causality",
        None,
        Causality,
        needs=tuple(kind_name("ablation", member) for member in MEMBERS),
        # The first decides whether there is such a cell at all.
        parts=("ablating", "statistics"),
        members=(),
    )
    for member in MEMBERS:
        yield _as_arrays(
            "transfer",
            member,
            CircuitRuns,
            needs=("pool", *(kind_name("scores", each) for each in MEMBERS), *sweeps),
            others=(kind_name("scores", member),),
            parts=("sampling", "halving", "scoring", "sweeping", "compared", "transferring"),
            # The host runs; heads are matched by the weights of both.
            members=MEMBERS,
        )
    yield _as_json(
        "function",
        None,
        Function,
        needs=tuple(kind_name("transfer", member) for member in MEMBERS),
        # The first decides whether there is such a cell at all.
        parts=("transferring", "statistics"),
        members=(),
    )


KINDS = tuple(_kinds())
"""All kinds of cells, each after those that it needs."""

_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_named(name: str) -> Kind:
    """The kind of cell of that name. Raises KeyError for one that there is not."""
    return _BY_NAME[name]


class ProtocolParts:
    """The parts of a protocol that a cell's computation may read; asking for another is a KeyError."""

    def __init__(self, protocol: Protocol, names: Sequence[str]) -> None:
        self._parts = {type(part): part for name, part in protocol if name in names}

    def __getitem__(self, kind: type[P]) -> P:
        found = self._parts[kind]
        assert isinstance(found, kind)
        return found


@dataclass(frozen=True)
class Subject:
    """What is measured and with what, as far as it can change a cell.

    `members`: of either role the weights' digest and what is declared; `tokens`: tokenizer, mask token;
    `software`: versions and kind of device that move numbers by rounding. Where a checkpoint lies, batch size
    and number of threads are left out: they move numbers by rounding only.
    """

    members: Mapping[str, Mapping[str, Any]]
    tokens: Mapping[str, Any]
    software: Mapping[str, str]

    @classmethod
    def of(
        cls,
        members: Mapping[MemberName, MemberProvenance],
        *,
        tokenizer: str,
        mask_id: int,
        autoregressive: bool,
        software: Mapping[str, str],
    ) -> "Subject":
        """Of the members' weights and declarations, and the digest of the tokenizer.

        `autoregressive`: whether the second member is asked as an ARM is.
        """
        return cls(
            # The digest identifies the weights; where they were found changes no number.
            {
                name: member.model_dump(mode="json", exclude={"checkpoint", "revision"})
                for name, member in members.items()
            },
            {"tokenizer": tokenizer, "mask_id": mask_id, "control": autoregressive},
            software,
        )

    @classmethod
    def recorded(cls, record: Record) -> "Subject":
        """What a record says it was measured of and with."""
        pair, environment = record.pair, record.environment
        return cls.of(
            {"arm": pair.arm, "mdm": pair.mdm},
            tokenizer=pair.tokenizer,
            mask_id=pair.mask_id,
            autoregressive=pair.autoregressive,
            software={
                "torch": environment.torch,
                "transformers": environment.transformers,
                "device": environment.device.partition(":")[0],  # the kind, without its number
            },
        )


@dataclass(frozen=True)
class Cell:
    """A piece of a run's work, with the key of all that can change it; `inputs` is what the key is of."""

    task: ProtocolTask
    kind: Kind
    parts: ProtocolParts
    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The kind's name, such as `scores-arm`."""
        return self.kind.name

    @property
    def key(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of `inputs` as canonical JSON."""
        return key_of(self.inputs)


def key_of(inputs: Mapping[str, Any]) -> str:
    """The key of a cell with these inputs."""
    # Canonical, so that the same inputs give the same text in whatever order they were collected.
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """The cells of a run, task by task, each after those of its task that it needs."""

    cells: tuple[Cell, ...]

    @property
    def tasks(self) -> tuple[ProtocolTask, ...]:
        """The tasks in order."""
        return tuple(dict.fromkeys(cell.task for cell in self.cells))

    def of(self, task: ProtocolTask) -> tuple[Cell, ...]:
        """The cells of a task."""
        return tuple(cell for cell in self.cells if cell.task == task)

    def others(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells of other tasks that a cell needs, of those that give a comparison."""
        return tuple(each for each in self.cells if each.task != cell.task and each.name in cell.kind.others)


def place_of(cell: Cell) -> str:
    """What a cell of another task is called among those that a cell needs: `countdown/scores-arm`."""
    return f"{cell.task.name}/{cell.name}"


def plan_run(
    subject: Subject, protocol: Protocol, tasks: Sequence[ProtocolTask], wanted: Sequence[str] | None = None
) -> Plan:
    """The cells of tasks under a protocol; with `wanted` only those of these names, and what they need.

    Raises NotComputable for a protocol whose intervals only older versions of the package computed.
    """
    if protocol.statistics.interval != "student":
        name = f"{protocol.name}@{protocol.version}"
        raise NotComputable(
            f"protocol {name} asks for percentile intervals, and this version computes those by Student's t",
            "run the pair under a protocol of this version; records of older ones can be read and compared",
        )
    kinds = kinds_of(protocol) if wanted is None else needed_kinds(wanted)
    cells: dict[ProtocolTask, list[Cell]] = {task: [] for task in tasks}
    # Cells that need those of other tasks come when the keys of all others are known.
    for together in (alone(kinds), tuple(kind for kind in kinds if kind not in alone(kinds))):
        before = {task: {cell.name: cell.key for cell in cells[task]} for task in tasks}
        for task in tasks:
            keys, others = dict(before[task]), {each: before[each] for each in tasks if each != task}
            for kind in together:
                cell = _cell(subject, protocol, task, kind, keys, others)
                keys[kind.name] = cell.key
                cells[task].append(cell)
    return Plan(tuple(cell for task in tasks for cell in cells[task]))


def kinds_of(protocol: Protocol) -> tuple[Kind, ...]:
    """The kinds of cells that a protocol asks for, all parts of which it has."""
    return tuple(kind for kind in KINDS if all(getattr(protocol, part) is not None for part in kind.parts))


def alone(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """Those that need no cell of another task, nor any that does."""
    across: set[str] = set()
    for kind in kinds:
        if kind.others or across.intersection(kind.needs):
            across.add(kind.name)
    return tuple(kind for kind in kinds if kind.name not in across)


def needed_kinds(wanted: Sequence[str]) -> tuple[Kind, ...]:
    """Kinds by name with everything that they need, in order."""
    names = set(wanted)
    # Backwards, because kinds are listed after what they need.
    for kind in reversed(KINDS):
        if kind.name in names:
            names |= set(kind.needs)
    return tuple(kind for kind in KINDS if kind.name in names)


def _cell(
    subject: Subject,
    protocol: Protocol,
    task: ProtocolTask,
    kind: Kind,
    keys: Mapping[str, str],
    others: Mapping[ProtocolTask, Mapping[str, str]],
) -> Cell:
    """A cell of a task; `keys`: of the task's cells before it, `others`: of those of the other tasks."""
    inputs: dict[str, Any] = {
        "cell": kind.name,
        "method": kind.method,
        "task": task.model_dump(mode="json"),
        # Only the parts that the computation sees: a change to any other part leaves the cell valid.
        # A setting with a default came later than the others: it then says what was always done, and cells
        # made before there was a choice stay valid.
        "protocol": {
            part: getattr(protocol, part).model_dump(mode="json", exclude_defaults=True)
            for part in kind.parts
        },
        "needs": {need: keys[need] for need in kind.needs},
    }
    for name in kind.others:
        inputs["needs"] |= {f"{other.name}/{name}": found[name] for other, found in others.items()}
    if not kind.members:
        # Statistics are cheap to do again: a new version of the protocol, or of numpy's generators, does.
        inputs["version"], inputs["software"] = protocol.version, {"numpy": np.__version__}
    if kind.members:
        inputs["pair"] = {role: dict(subject.members[role]) for role in kind.members}
        inputs["tokens"], inputs["software"] = dict(subject.tokens), dict(subject.software)
    return Cell(task, kind, ProtocolParts(protocol, kind.parts), inputs)
