"""What `mechshift ls` prints: cards of tasks, named pairs, protocols."""

from tabulate import tabulate

from ..tasks import list_tasks
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
