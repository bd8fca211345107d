"""What `mechshift ls` prints: cards of tasks, named pairs, protocols, reported numbers."""

from tabulate import tabulate

from ..tasks import list_tasks
from .leaderboard.reported import list_reported
from .protocol import list_protocols

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
    """The named pairs and what is declared about their second member."""
    from .pairs.registry import list_pairs

    return [
        {
            "pair": name,
            "about": listed.about,
            "control": listed.spec.control,
            "shift": "yes" if listed.spec.mdm.shift else "no",
            "attention": str(listed.spec.mdm.attention),
        }
        for name, listed in list_pairs().items()
    ]


def describe_protocols() -> list[Row]:
    """Every field of every protocol."""
    return [protocol.model_dump(mode="json") for protocol in list_protocols()]


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
        tabulate(
            [(name, _text(value)) for name, value in row.items()], tablefmt="plain", maxcolwidths=[None, 88]
        )
        for row in rows
    ]
    return "\n\n".join(blocks)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
