"""Where a record comes from: its members, protocol, environment and cells, and how to repeat it."""

from collections.abc import Iterable, Sequence

from ..record.provenance import MemberProvenance
from ..record.record import Record
from ..tables.reproducing import command
from .chart import numbers, table
from .markup import Child, Html, tag
from .page import scrolling, section


def provenance_section(record: Record, status: str | None) -> Html:
    """All of it; `status`: how the numbers were checked, where that is known."""
    return section(
        "provenance",
        "Provenance",
        tag("h3", "Repeat it"),
        tag("pre", tag("code", command(record)), tabindex="0"),
        tag("p", _REPEATING, class_="note"),
        tag("h3", "Members"),
        scrolling("Members", _members(record)),
        _movement(record),
        tag("h3", "Protocol and environment"),
        tag(
            "div",
            _facts("Pair", _pair(record, status)),
            _facts("Environment", _environment(record)),
            class_="facts-pair",
        ),
        _protocol(record),
        _cells(record),
    )


_REPEATING = (
    "Where a checkpoint is a folder, the command names it by its last two parts: put your own path there. "
    "Numbers agree to rounding on another machine."
)


def confounds(record: Record, declared: Sequence[str] = ()) -> Html:
    """What else than the objective changed, as it was declared or found when the pair was loaded.

    `declared`: what the card of a submission says besides.
    """
    lines = [*record.pair.confounds, *declared]
    if not lines:
        return tag("p", "No confound was declared or found when the pair was loaded.", class_="note")
    return tag("ul", [tag("li", text) for text in lines], class_="confounds")


def _members(record: Record) -> Html:
    pair = record.pair
    second = pair.second
    rows = [
        (name, *(tag("span", value, class_="digest") for value in values))
        for name, *values in zip(_FIELDS, _member(pair.arm), _member(pair.mdm), strict=True)
    ]
    return table("The two members", ("", "ARM", second), rows)


_FIELDS = ("checkpoint", "revision", "weights, SHA-256", "class", "precision", "attention", "logits")


def _member(member: MemberProvenance) -> tuple[str, ...]:
    return (
        member.checkpoint,
        member.revision or "–",
        member.digest,
        member.native,
        member.dtype,
        member.attention,
        "read one position before" if member.shift else "read at the position",
    )


def _movement(record: Record) -> Html:
    rows = [(name, f"{moved:.3f}") for name, moved in record.pair.movement.items()]
    if not rows:
        return tag("p", "How far the weights moved was not recorded.", class_="note")
    heads = ("modules", "moved by, share of their norm")
    return numbers("How far the weights moved from the ARM's", heads, rows, "How far the weights moved")


def _pair(record: Record, status: str | None) -> Iterable[tuple[str, Child]]:
    pair = record.pair
    yield "Protocol", f"{record.protocol.name}@{record.protocol.version}"
    if status is not None:
        yield "Status", status
    yield "Tokenizer, SHA-256", tag("span", pair.tokenizer, class_="digest")
    yield "Mask token", f"{pair.mask_id}{' (an ordinary token)' * pair.ordinary_mask}"
    heads = f"{pair.heads} heads, {pair.kv_heads} key/value heads"
    yield "Graph", f"{pair.layers} layers, {heads}, {pair.edges:,} edges"


def _environment(record: Record) -> Iterable[tuple[str, Child]]:
    for name, value in record.environment:
        yield name, str(value)


def _facts(heading: str, facts: Iterable[tuple[str, Child]]) -> Html:
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag("div", tag("h4", heading), tag("dl", pairs, class_="facts"))


def _protocol(record: Record) -> Html:
    settings = [(name, _setting(value)) for name, value in record.protocol.settings()]
    return numbers(
        "Every setting of the protocol", ("setting", "value"), settings, "Every setting of the protocol"
    )


def _setting(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "by faithfulness" if value is None else str(value)


def _cells(record: Record) -> Html:
    rows = [
        (task.task, name, tag("span", cell.key, class_="digest"), tag("span", cell.digest, class_="digest"))
        for task in record.results
        for name, cell in task.cells.items()
    ]
    heads = ("task", "cell", "key", "SHA-256")
    return numbers("The cells that the numbers came from", heads, rows, "Cells")
