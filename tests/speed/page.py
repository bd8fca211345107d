"""What was measured on docs/performance.md: tables, figures, and where and when it was."""

from collections.abc import Iterator, Sequence

from reliability.tables import DOCS, put, table

from speed.drawn import draw_curves
from speed.registry import usual
from speed.results import Curve, Machine, Reading, Result, Results

PAGE, KEPT = DOCS / "performance.md", DOCS / "performance.json"
"""The page, and the results that stand on it."""
FIGURES = DOCS / "images"
NOTHING = "Nothing was measured yet."


def write_page(results: Results) -> None:
    """Put results of usual benchmarks into the page, their curves beside it, and keep the results."""
    names = {each.name for each in usual()}
    results = Results(results=tuple(one for one in results.results if one.benchmark in names))
    results.write(KEPT)
    for result in results.results:
        if result.found.curves:
            draw_curves(result.found.curves, FIGURES / picture(result))
    put(PAGE, blocks(results))


def blocks(results: Results) -> dict[str, str]:
    """What stands between the marks of every usual benchmark, and of the machines."""
    by_name = {one.benchmark: one for one in results.results}
    found = {each.name: block(by_name[each.name]) if each.name in by_name else NOTHING for each in usual()}
    return {"the machines": machines(results.results), **found}


def machines(results: Sequence[Result]) -> str:
    """Every machine that something was measured on, and which benchmarks were."""
    if not results:
        return NOTHING
    by_machine: dict[str, list[str]] = {}
    for one in results:
        by_machine.setdefault(_machine(one.machine), []).append(one.benchmark)
    return "\n".join(f"* {machine}: {', '.join(names)}." for machine, names in by_machine.items())


def _machine(one: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
    clock = "time on the clock" if one.clock == "wall" else "processor time"
    return (
        f"{one.processor}, {one.cores} cores, {one.threads} threads, {one.memory_gb} GB, {one.system}; "
        f"{versions}; {clock}"
    )


def block(result: Result) -> str:
    """A result as it stands on the page."""
    quick = " with small sizes (`--quick`), which tells little" if result.quick else ""
    busy = "" if result.others is None else f"; others kept {result.others:.1f} cores busy"
    parts = [f"Measured on {result.date.isoformat()}{quick}, in {result.seconds:.0f} s{busy}."]
    parts += result.found.notes
    if result.found.readings:
        parts.append(readings_table(result.found.readings))
    if result.found.curves:
        parts.append(curves_table(result.found.curves))
        parts.append(f"![{result.benchmark}: curves](images/{picture(result)})")
    return "\n\n".join(parts)


def picture(result: Result) -> str:
    """What the file of a result's curves is called."""
    return f"performance-{result.benchmark}.svg"


def readings_table(readings: Sequence[Reading]) -> str:
    """Readings with their quartiles and what is wanted of them."""
    headers = ["", "median", "quartiles", "rounds", "wanted"]
    if all(one.projected for one in readings):
        return table(["projection", "value"], [[one.name, told(one)] for one in readings])
    return table(headers, [list(_row(one)) for one in readings])


def _row(one: Reading) -> Iterator[str]:
    yield one.name
    yield told(one)
    yield quartiles(one)
    yield str(one.rounds) if one.rounds else "–"
    yield wanted(one)


def told(one: Reading) -> str:
    """A value in its unit; a dash and the reason where there is none."""
    if one.value is None:
        return f"– ({one.missing})"
    return f"{number(one.value)} {one.unit}".strip()


def quartiles(one: Reading) -> str:
    """The first and the third; a dash for a single round."""
    return "–" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}"


def wanted(one: Reading) -> str:
    """What is wanted, and whether it is so."""
    parts = [
        f"at {word} {number(limit)}"
        for word, limit in (("least", one.least), ("most", one.most))
        if limit is not None
    ]
    if not parts:
        return ""
    holds = {True: "holds", False: "**does not hold**", None: "not known"}[one.holds]
    return f"{', '.join(parts)}: {holds}"


def curves_table(curves: Sequence[Curve]) -> str:
    """Of each curve its ends, its power with quartiles, and how well it fits."""
    headers = ["", "against", "from", "to", "power", "quartiles", "R²", "wanted of the power"]
    rows = [
        [
            one.name,
            one.against,
            f"{told(one.readings[0])} at {number(one.sizes[0])}",
            f"{told(one.readings[-1])} at {number(one.sizes[-1])}",
            told(one.power),
            quartiles(one.power),
            "–" if one.r2 is None else f"{one.r2:.3f}",
            wanted(one.power),
        ]
        for one in curves
    ]
    return table(headers, rows)


def number(value: float) -> str:
    """With three figures; from 1,000 on whole, with commas; small ones with a power of ten."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.3g}"
