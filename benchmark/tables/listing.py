"""What `mechshift ls` prints: cards of tasks, named pairs, protocols, reported numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from ...errors import PairError
from ...tasks import list_tasks
from ..record.protocol import list_protocols
from ..record.record import Record
from .cells import Format, Notes, get_markup, plain
from .layout import WIDTH, Fields, csv_lines, stacked, tabular
from .reported import list_reported
from .table import protocol_name

if TYPE_CHECKING:
    from ..pairs.entry import Listed, MemberEntry

Described = dict[str, object]

LONGEST, SHORTEST = 88, 20
"""Characters of a line of prose: longer ones are hard to read, shorter ones are no lines."""


def describe_tasks() -> list[Described]:
    """A card per task."""
    return [
        {
            "task": card.name,
            "suite": card.suite,
            "measures": card.measures,
            "counterfactual": card.counterfactual,
            "metric": card.metric,
            "answer": card.answer,
            "checker": card.checker,
            "variants": ", ".join(card.variants),
            "levels": ", ".join(
                f"{name} (default)" if name == card.default_level else name for name in card.levels
            ),
            "source": card.source,
            "licence": card.licence,
            "version": card.version,
        }
        for card in (task.card for task in list_tasks())
    ]


def describe_pairs() -> list[Described]:
    """The named pairs: what is declared about them, and what a reader of a result has to know."""
    from ..pairs.registry import list_pairs

    return [_describe_pair(name, listed) for name, listed in list_pairs().items()]


def _describe_pair(name: str, listed: "Listed") -> Described:
    entry = listed.entry
    return {
        "pair": listed.spec.name,
        "weights": _weights(name, listed),
        "about": entry.about,
        "arm": _place(entry.arm),
        "mdm": _place(entry.mdm),
        "control": entry.control,
        "controls": list(entry.controls),
        "shift": entry.mdm.shift,
        "attention": entry.mdm.attention,
        "mask token": entry.mdm.mask_token,
        "precision": entry.precision,
        "revision of the arm": entry.arm.revision,
        "revision of the mdm": entry.mdm.revision,
        "licence of the arm": entry.arm.licence,
        "licence of the mdm": entry.mdm.licence,
        "source": entry.source,
        "confounds": list(entry.confounds),
    }


def _weights(name: str, listed: "Listed") -> str:
    """Where the weights are that a run of the pair would load."""
    from ..pairs.registry import get_pair

    if all(member.place == "hub" for member in (listed.spec.arm, listed.spec.mdm)):
        return "on the hub"
    try:
        spec = get_pair(name)
    except PairError:
        return "not installed"
    local = [member.checkpoint for member in (spec.arm, spec.mdm) if member.place != "hub"]
    return "installed" if all(Path(checkpoint).is_dir() for checkpoint in local) else "not installed"


def _place(member: "MemberEntry") -> str | None:
    return member.hub if member.path is None else member.path


_BY_NEED = ("pair", "weights", "attention", "shift", "controls", "mdm", "arm", "mask token")
"""Columns of the table of pairs, the one that can be missed least first."""


def pairs_table(rows: list[Described], width: int = WIDTH) -> str:
    """One line per pair: its members, what is declared about the second one, and whether it can be run.

    Of its controls the one that it is read beside, and how many there are besides.
    Columns for which the terminal is too narrow are left out and named below.
    """
    shown: list[str] = []
    for name in _BY_NEED:
        if len(shown) < 2 or _fits(rows, [*shown, name], width):
            shown.append(name)
    absent = [name for name in _BY_NEED if name not in shown]
    told = f"left out at {width} columns: {', '.join(absent)}\n" if absent else ""
    return f"{_pairs(rows, shown)}\n\n{told}all of one: mechshift pair show NAME"


def _fits(rows: list[Described], names: list[str], width: int) -> bool:
    return max(map(len, _pairs(rows, names).splitlines())) <= width


def _pairs(rows: list[Described], names: list[str]) -> str:
    order = ("pair", "arm", "mdm", "shift", "attention", "mask token", "controls", "weights")
    heads = [name for name in order if name in names]
    return tabulate([[_column(row, name) for name in heads] for row in rows], heads, disable_numparse=True)


def _named_lines(heads: Sequence[str], lines: Sequence[Sequence[str]], format: Format, width: int) -> str:  # noqa: A002
    """A table of texts whose first column stands in every part of it."""
    markup = get_markup(format)
    escaped = [[markup.text(text) for text in line] for line in lines]

    def draw(part: Sequence[int], notes: Notes) -> str:
        shown = [0, *(index + 1 for index in part)]
        rows = [[line[index] for index in shown] for line in escaped]
        return tabular([heads[index] for index in shown], rows, markup)

    return stacked(len(heads) - 1, draw, Notes(markup), width)


def _column(row: Described, name: str) -> str:
    if name == "pair" and row["control"]:
        return f"{row[name]} (control)"
    controls = row["controls"]
    if name == "controls" and isinstance(controls, list) and len(controls) > 1:
        return f"{controls[0]} +{len(controls) - 1}"
    return _cell(row, name)


def describe_pair(name: str) -> Described:
    """A named pair, or one of a file. Raises UsageError, with near names, for an unknown one."""
    from ..pairs.registry import get_listed

    listed = get_listed(name)
    return _describe_pair(name, listed)


def describe_protocols() -> list[Described]:
    """Every setting of every protocol by its name, and its tasks."""
    return [
        dict(protocol.settings())
        | {"tasks": [f"{task.name} {task.level}@{task.version}" for task in protocol.tasks]}
        for protocol in list_protocols()
    ]


def describe_reported() -> list[Described]:
    """A number that others have published per row, with its source and what that does not state."""
    return [
        {
            "pair": entry.pair,
            "task": task,
            "status": "reported",
            "quantity": entry.quantity,
            "value": value,
            "edges": entry.edges,
            "arm": entry.arm.hub,
            "mdm": entry.mdm.hub,
            "source": str(entry.source),
            "location": entry.source.location,
            "not_stated": list(entry.not_stated),
        }
        for entry in list_reported()
        for task, value in entry.values.items()
    ]


def describe_records(records: Mapping[Path, Record]) -> list[Fields]:
    """Which records lie where, and how far each of them goes."""
    return [
        {
            "record": str(path),
            "pair": plain(record.pair.name),
            "protocol": protocol_name(record),
            "tasks": len(record.tasks),
            "covers": "a part" if record.reductions else "the whole protocol",
        }
        for path, record in records.items()
    ]


def records_table(records: Mapping[Path, Record], format: Format, width: int = WIDTH) -> str:  # noqa: A002
    """A line per record: its file, and what it is of."""
    rows = describe_records(records)
    if format == "csv":
        return csv_lines(rows)
    heads = list(rows[0])
    return _named_lines(heads, [[plain(str(row[name])) for name in heads] for row in rows], format, width)


def table(rows: list[Described], width: int = WIDTH) -> str:
    """One block per row, names left and values right, wrapped to a terminal of `width`."""
    blocks = []
    for row in rows:
        room = width - max(map(len, row)) - 2  # tabulate puts two spaces between columns
        lines = [(name, _cell(row, name)) for name in row]
        widths = [None, min(LONGEST, max(room, SHORTEST))]
        blocks.append(tabulate(lines, tablefmt="plain", maxcolwidths=widths))
    return "\n\n".join(blocks)


def _cell(row: Described, name: str) -> str:
    if name == "mask token" and row[name] is None:
        return "as its files name it"
    return _text(row[name])


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        items = list(map(str, value))
        return ("; " if any(" " in item for item in items) else " ").join(items) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
