"""What `mechshift ls` prints: cards of tasks, named pairs, protocols, reported numbers."""

from typing import TYPE_CHECKING

from tabulate import tabulate

from ...tasks import list_tasks
from ..record.protocol import list_protocols
from .reported import list_reported

if TYPE_CHECKING:
    from ..pairs.entry import Listed, MemberEntry

Row = dict[str, object]


def describe_tasks() -> list[Row]:
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


def describe_pairs() -> list[Row]:
    """The named pairs: what is declared about them, and what a reader of a result has to know."""
    from ..pairs.registry import list_pairs

    return [_describe_pair(name, listed) for name, listed in list_pairs().items()]


def _describe_pair(name: str, listed: "Listed") -> Row:
    entry = listed.entry
    return {
        "pair": name,
        "about": entry.about,
        "arm": _place(entry.arm),
        "mdm": _place(entry.mdm),
        "control": entry.control,
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


def _place(member: "MemberEntry") -> str | None:
    return member.hub if member.path is None else member.path


def pairs_table(rows: list[Row]) -> str:
    """One line per pair: its members and what is declared about the second one."""
    columns = ("pair", "arm", "mdm", "shift", "attention", "mask token")
    lines = [[_column(row, name) for name in columns] for row in rows]
    return tabulate(lines, columns, disable_numparse=True) + "\n\nmore of one: mechshift pair show NAME"


def _column(row: Row, name: str) -> str:
    return f"{row[name]} (control)" if name == "pair" and row["control"] else _cell(row, name)


def describe_pair(name: str) -> Row:
    """A named pair, or one of a file. Raises UsageError, with near names, for an unknown one."""
    from ..pairs.registry import get_listed

    listed = get_listed(name)
    return _describe_pair(listed.spec.name, listed)


def describe_protocols() -> list[Row]:
    """Every setting of every protocol by its name, and its tasks."""
    return [
        dict(protocol.settings())
        | {"tasks": [f"{task.name} {task.level}@{task.version}" for task in protocol.tasks]}
        for protocol in list_protocols()
    ]


def describe_reported() -> list[Row]:
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


def table(rows: list[Row]) -> str:
    """One block per row, names left and values right, wrapped to a terminal."""
    blocks = [
        tabulate([(name, _cell(row, name)) for name in row], tablefmt="plain", maxcolwidths=[None, 88])
        for row in rows
    ]
    return "\n\n".join(blocks)


def _cell(row: Row, name: str) -> str:
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
