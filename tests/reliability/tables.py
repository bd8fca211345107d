"""Tables of docs/metrics.md and docs/verdicts.md, from the results of the scripts beside this file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).parents[2] / "docs"
PAGE, VERDICTS = DOCS / "metrics.md", DOCS / "verdicts.md"
ENOUGH = 100
"""From how many prompts on an estimator may not be biased."""
Result = Mapping[str, Any]

HEADERS = {
    "simulated": (
        "estimator",
        "bias at 50, 3,628 edges, related models",
        "largest bias from 100 on, 3,628 edges",
        "the same, 400,000 edges",
        "one model twice",
        "unrelated models",
        "coverage at 100 and 500",
        "coverage, 12 templates drawn",
        "the same, groups added up by template",
        "edges that carry it",
        "undefined, %",
    ),
    "recorded": (
        "estimator",
        "pair: a quarter, half, all of the prompts",
        "control",
        "scratch",
        "one model twice",
        "between tasks",
        "range between tasks",
        "edges that carry it: least, median",
        "undefined, %",
    ),
}


def simulated_table(names: Iterable[str], results: Sequence[Result]) -> str:
    """What simulations say of each estimator."""
    return table(HEADERS["simulated"], [_simulated_row(name, results) for name in names])


def _simulated_row(name: str, results: Sequence[Result]) -> list[str]:
    related = [one for one in results if one["design"]["relation"] == "related"]
    plain = [one for one in results if not one["design"]["templates"]]
    small, large = (
        [one for one in plain if one["design"]["edges"] == edges]
        for edges in sorted({one["design"]["edges"] for one in plain})
    )
    templates = [one for one in related if one["design"]["templates"]]
    carried = [trial["carriers"].get(name) for one in small for trial in one["found"]]
    numbers = [each for each in carried if each is not None]
    return [
        name,
        _bias(name, [one for one in small if one["prompts"] < ENOUGH]),
        *(_bias(name, [one for one in of if one["prompts"] >= ENOUGH]) for of in (small, large)),
        _mean(name, results, "same"),
        _mean(name, results, "unrelated"),
        _coverage(name, [one for one in small if one["resamples"] > 1 and one in related]),
        *(
            _coverage(name, [one for one in templates if one.get("added_up", False) is up])
            for up in (False, True)
        ),
        f"{np.median(numbers):.0f}" if numbers else "–",
        _undefined(trial["estimates"][name] for one in related for trial in one["found"]),
    ]


def errors(name: str, result: Result) -> list[float]:
    """Estimate − limit, of every trial that has an estimate."""
    return [
        trial["estimates"][name][0] - trial["limits"][name]
        for trial in result["found"]
        if trial["estimates"][name] is not None
    ]


def _bias(name: str, results: Sequence[Result]) -> str:
    """The mean error that is largest over designs and numbers of prompts, with its standard error."""
    found = [errors(name, one) for one in results]
    defined = [each for each in found if len(each) > 1]
    if not defined:
        return "–"
    worst = max(defined, key=lambda each: abs(np.mean(each)))
    error = np.std(worst, ddof=1) / np.sqrt(len(worst))
    return f"{_signed(np.mean(worst))} ± {error:.3f}".replace("± 0.", "± .")


def _mean(name: str, results: Sequence[Result], relation: str) -> str:
    """Mean values at the numbers of prompts, over laws and numbers of edges."""
    chosen = [one for one in results if one["design"]["relation"] == relation]
    means = []
    for prompts in sorted({one["prompts"] for one in chosen}):
        trials = [trial for one in chosen if one["prompts"] == prompts for trial in one["found"]]
        means.append(_of([trial["estimates"][name] for trial in trials]))
    return ", ".join(means)


def _coverage(name: str, results: Sequence[Result]) -> str:
    """Per cent of intervals that hold the limit, by number of prompts."""
    shares = []
    for prompts in sorted({one["prompts"] for one in results}):
        held = [
            trial["estimates"][name][1] <= trial["limits"][name] <= trial["estimates"][name][2]
            for one in results
            if one["prompts"] == prompts
            for trial in one["found"]
            if trial["estimates"][name] is not None
        ]
        shares.append(f"{100 * np.mean(held):.0f}" if held else "–")
    return ", ".join(shares)


def recorded_table(names: Iterable[str], results: Mapping[str, Any]) -> str:
    """What pairs that were run give, means over tasks."""
    return table(HEADERS["recorded"], [_recorded_row(name, results) for name in names])


def _recorded_row(name: str, results: Mapping[str, Any]) -> list[str]:
    pair = results["pair"].values()
    parts = [
        _of([each[name] for task in pair for each in task["parts"][part]])
        for part in sorted(next(iter(pair))["parts"], key=int, reverse=True)
    ]
    others = [
        _of([each[name] for task in results[role].values() for each in task["parts"]["1"]])
        for role in ("control", "scratch")
    ]
    between = [each[name][0] for each in results["tasks"] if each[name] is not None]
    carried = [task["carriers"].get(name) for task in pair]
    numbers = [each for each in carried if each is not None]
    every = [each[name] for task in pair for part in task["parts"].values() for each in part]
    return [
        name,
        ", ".join(parts),
        *others,
        _of([each[name] for task in pair for each in task["twice"]]),
        _of([each[name] for each in results["tasks"]]),
        f"{_number(min(between))} to {_number(max(between))}" if between else "–",
        f"{min(numbers):.0f}, {np.median(numbers):.0f}" if numbers else "–",
        _undefined(every),
    ]


def robustness_table(names: Iterable[str], results: Mapping[str, Any]) -> str:
    """How estimators fall along paths between weights, and how far noise moves them, by task."""
    ends = list(next(iter(results.values()))["paths"])
    headers = [
        "estimator",
        "task",
        *(f"towards {end}: ¼, ½, ¾, all of the way" for end in ends),
        "harmless noise",
    ]
    rows = []
    for name in names:
        for task, result in results.items():
            paths = [", ".join(_of([each[name]]) for each in result["paths"][end]) for end in ends]
            rows.append([name, task, *paths, f"{_of([result['noise'][name]])} at {result['level']:.2g}"])
    return table(headers, rows)


def false_alarms_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """What was made, said a change and was attributed among controls, by how they were compared."""
    kinds = ("tasks", "suites", "statements")
    headers = [
        "differences",
        "held against",
        *(f"{kind}: judged, said to have changed, attributed" for kind in kinds),
    ]
    rows = [
        [differences, against, *(", ".join(map(str, getattr(alarms, kind))) for kind in kinds)]
        for differences, of in results.items()
        for against, alarms in of.items()
    ]
    return table(headers, rows)


def power_table(results: Mapping[str, Mapping[float, Result]]) -> str:
    """What verdicts say of changes of growing size, over tasks."""
    headers = [
        "change",
        "size",
        "ρ, standardised: mean, least",
        "ρ below its bound",
        "preserved",
        "stated as changed",
        "attributed",
        "undecided",
        "not comparable",
    ]
    rows = []
    for change, sizes in results.items():
        for size, tasks in sizes.items():
            rho = [one["rho"] for one in tasks.values() if one["rho"] is not None]
            counts = power_counts(tasks)
            rows.append(
                [
                    change,
                    f"{size:g}".replace("0.", "."),
                    f"{_number(float(np.mean(rho)))}, {_number(min(rho))}" if rho else "–",
                    *(f"{counts[name]} of {len(tasks)}" for name in COUNTED),
                ]
            )
    return table(headers, rows)


COUNTED = ("below", "preserved", "changed", "attributed", "undecided", "failed")


def power_counts(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Of how many tasks what is said."""
    every = list(tasks.values())
    same = ("preserved", "undecided", "failed")
    return {
        "below": sum(one["below"] for one in every),
        "changed": sum(one["verdict"] not in same for one in every),
        "attributed": sum(one["attributed"] for one in every),
        **{name: sum(one["verdict"] == name for one in every) for name in same},
    }


def coverage_table(names: Iterable[str], results: Sequence[Result]) -> str:
    """Per cent of intervals that hold the truth.

    The mean of samples of this size, and the limit of many prompts.
    """
    headers = ["quantity", *(f"{one['task']}, {_templates(one)}" for one in results), "undefined, %"]
    rows = []
    for name in names:
        cells = [_held(name, one) for one in results]
        rows.append([name, *cells, _undefined(trial[name] for one in results for trial in one["trials"])])
    return table(headers, rows)


def _templates(result: Result) -> str:
    groups = result["groups"] // result["templates"]
    return f"{result['templates']} × {groups}, {'drawn' if result['drawn'] else 'fixed'}"


def _held(name: str, result: Result) -> str:
    intervals = [one[name] for one in result["trials"] if one[name] is not None]
    if not intervals:
        return "–"
    # Of as many trials as there are, the mean is known to a twentieth of what one of them is off.
    mean, limit = np.mean([value for value, _, _ in intervals]), result["limits"][name]
    return ", ".join(f"{100 * _share_held(intervals, true):.1f}" for true in (mean, limit))


def _share_held(intervals: Sequence[Sequence[float]], true: float) -> float:
    """Share of intervals [value, low, high] that hold the truth."""
    return float(np.mean([low <= true <= high for _, low, high in intervals]))


def _of(values: Iterable[Sequence[float] | None]) -> str:
    numbers = [value[0] for value in values if value is not None]
    return _number(np.mean(numbers)) if numbers else "–"


def _undefined(values: Iterable[Sequence[float] | None]) -> str:
    missing = [value is None for value in values]
    return f"{100 * np.mean(missing):.0f}"


def _number(value: float) -> str:
    # Adding 0 takes the sign of a rounded −0 away.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−").replace("0.", ".")


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−").replace("0.", ".")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as a table in Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines).replace("| --- ", "|---")


def write(tables: Mapping[str, str]) -> None:
    """Put tables between their marks in the page of metrics."""
    put(PAGE, {f"the {name} table of estimators": each for name, each in tables.items()})


def put(page: Path, tables: Mapping[str, str]) -> None:
    """Put tables between their marks in a page, `<!-- Begin of NAME. -->` and the same with End."""
    text = page.read_text(encoding="utf-8")
    for name, content in tables.items():
        begin, end = (f"<!-- {word} of {name}. -->" for word in ("Begin", "End"))
        if begin not in text or end not in text:
            raise SystemExit(f"{page.name} has no place for {name}")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{content}\n{end}{rest.split(end)[1]}"
    page.write_text(text, encoding="utf-8")
