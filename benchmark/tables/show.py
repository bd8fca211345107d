"""A record as a page of text: what was run, the pair's row, and what lies behind it."""

from ..record.doubts import integration_doubts
from ..record.missing import Missing
from ..record.provenance import MemberProvenance
from ..record.record import Record
from ..record.robustness import Robustness
from .at_reads import reads_bodies
from .beside import REPORTED_LEGEND, beside, overlap_body
from .cells import Notes, get_markup, plain
from .layout import WIDTH, wrapped
from .marks import marks_text
from .neurons import cards_body
from .reported import PROTOCOL
from .table import protocol_name, row_body, task_body

LEGEND = """\
ρ: 1 where both members score edges alike, 0 where they have nothing in common. Task-dependent shift: ρ
local − ρ planning, within words and within symbols, and the mean of the two. Ĵ: 0 as alike as chance, 1 as
alike as two samples of one model, on this number of prompts. Other shifts: MDM − ARM. In brackets: 95 %
intervals, over templates where a task has ten or more, else over prompts within its templates, with circuit
sizes held fixed; for accuracies over the examples tried."""

CARDS_LEGEND = """\
Neurons: of each third of the layers the MLP neuron with the largest effect on the metric. Fires for: the
role of a token, or the factor of the generator, that its activation tells best; none where it tells none
better than shuffled labels. AUPRC is of prompts that chose nothing; beside it stand the base rate, shuffled
labels, and a neuron of the same layer with the nearest mean activation. −10: share of the gap that is lost
where the ten strongest neurons put out their mean; in brackets as many random ones of their layers."""


def render(record: Record, width: int = WIDTH, robustness: Robustness | Missing | None = None) -> str:
    """The record for a terminal of `width`: header, row, table of tasks, reasons of what is missing.

    `robustness`: the variations that lie beside it, which are told behind the header.

    Below the tasks of a record of protocol `paper` stands what is reported of its pair, or else of others.
    A record that no board takes, for its protocol or for what it leaves out, says so and what to run instead.
    """
    notes = Notes(get_markup("text"))
    bodies, legends = [row_body(record, notes, width), task_body(record, notes, width)], [LEGEND]
    bodies += reads_bodies(record, notes, width)
    if cards := cards_body(record, notes, width):
        bodies.append(cards)
        legends.append(CARDS_LEGEND)
    if record.protocol.name == PROTOCOL:
        bodies.append(overlap_body((record,), beside(record), notes, width))
        legends.append(REPORTED_LEGEND)
    tables = "\n\n".join(bodies) + notes.below(width)
    told = [wrapped(legend, width) for legend in legends]
    marks = [] if robustness is None else [marks_text(robustness, width)]
    return "\n\n".join(
        [_header(record, width), *marks, tables, *told, *_doubts(record, width), *_standing(record, width)]
    )


def _header(record: Record, width: int) -> str:
    pair, environment = record.pair, record.environment
    edges = f"{pair.layers} layers, {pair.heads} heads, {pair.kv_heads} key/value heads, {pair.edges:,} edges"
    packages = ("mechshift", "torch", "transformers")
    versions = ", ".join(f"{package} {getattr(environment, package)}" for package in packages)
    threads = f"{environment.threads} thread{'s' * (environment.threads != 1)}"
    lines = {
        "pair": f"{pair.name} ({edges})",
        "ARM": _member(pair.arm),
        pair.second: _member(pair.mdm),
        "weights": _movement(record),
        "protocol": protocol_name(record),
        "made": f"with {versions} on {environment.device}, {threads}",
    }
    named = [*lines.items(), *(("confound", text) for text in pair.confounds)]
    return "\n".join(wrapped(plain(text), width, f"{name:9} ") for name, text in named)


def _member(member: MemberProvenance) -> str:
    revision = f"@{member.revision}" if member.revision else ""
    shift = "shifted" if member.shift else "not shifted"
    declared = f"{member.native}, {member.dtype}, {member.attention} attention, {shift}"
    return f"{member.checkpoint}{revision} ({declared}, digest {member.digest[:12]})"


def _movement(record: Record) -> str:
    movement = record.pair.movement
    if not movement:
        return "movement not recorded"
    least, most = min(movement, key=movement.__getitem__), max(movement, key=movement.__getitem__)
    return (
        f"moved by {movement[least]:.3f} ({least}) to {movement[most]:.3f} ({most}) of their norm, "
        "mean over modules of a kind"
    )


def _doubts(record: Record, width: int) -> list[str]:
    """What of the tables to take with care, if anything."""
    lines = [wrapped(plain(doubt), width, "  ") for doubt in integration_doubts(record)]
    return ["\n".join(["In doubt:", *lines])] if lines else []


def _standing(record: Record, width: int) -> list[str]:
    """Why no board takes the record, if none does."""
    standing = []
    if record.reductions:
        lines = [wrapped(plain(reduction), width, "  ") for reduction in record.reductions]
        standing.append("\n".join(["Less than the protocol's whole, so no board takes it:", *lines]))
    if not record.protocol.board:
        name = plain(record.protocol.name)
        apart = f"No board takes protocol {name}, and its numbers are not comparable with those of v2."
        advice = "For a row on the board run the same pair under protocol v2."
        standing.append(wrapped(f"{apart} {advice}", width))
    return standing
