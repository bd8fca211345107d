"""The table of docs/verdicts.md that `planted` makes: what was planted, and what the verdicts say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reliability.tables import table

HEADERS = ("planted", "right verdict", "tasks", "suites", "other verdicts")


def planted_table(results: Sequence[Mapping[str, Any]]) -> str:
    """A row for each pair: on how many tasks and suites the verdict is right, and what else is said."""
    return table(HEADERS, [_row(one) for one in results])


def _row(result: Mapping[str, Any]) -> list[str]:
    tasks = [(one, result["truth"][one["name"]]) for one in result["tasks"]]
    suites = [(one, result["truth_of_suites"]) for one in result["suites"] if result["truth_of_suites"]]
    allowed = result["right_or"]
    return [
        result["name"],
        _truths(result),
        _counted(tasks, allowed),
        _counted(suites, allowed) if suites else "–",
        "; ".join(_others([*suites, *tasks])) or "–",
    ]


def is_right(judged: Mapping[str, Any], truth: str, allowed: str | None = None) -> bool:
    """Whether a verdict is the truth, or what is allowed in its place."""
    return judged["verdict"] in (truth, allowed)


def _truths(result: Mapping[str, Any]) -> str:
    """The commonest truth, then others with their tasks."""
    by_verdict: dict[str, list[str]] = {}
    for task, verdict in result["truth"].items():
        by_verdict.setdefault(verdict, []).append(task)
    common, *others = sorted(by_verdict, key=lambda verdict: -len(by_verdict[verdict]))
    said = [f"*{common}*", *(f"{', '.join(by_verdict[each])}: *{each}*" for each in others)]
    return "; ".join(said) + (f", or *{result['right_or']}*" if result["right_or"] else "")


def _counted(judged: Iterable[tuple[Mapping[str, Any], str]], allowed: str | None) -> str:
    right = [is_right(one, truth, allowed) for one, truth in judged]
    return f"{sum(right)} of {len(right)}"


def _others(judged: Iterable[tuple[Mapping[str, Any], str]]) -> Iterator[str]:
    """What is not the truth, also where it may be said."""
    for one, truth in judged:
        if not is_right(one, truth):
            why = f" ({one['why']})" if one["verdict"] == "undecided" else ""
            yield f"{one['name']}: *{one['verdict']}*{why}"
