"""Results: their form, files, powers of known laws, turns of what is timed, and the page that they make."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from speed import __main__ as command
from speed import others, page
from speed.measuring import kept, path_of
from speed.registry import BENCHMARKS, Benchmark, usual
from speed.results import Curve, Found, Machine, Reading, Result, Results, code_digest, reading
from speed.timing import Asked, curve, in_turn, power_law, ratio

MACHINE = Machine(
    processor="an abacus",
    cores=2,
    threads=1,
    memory_gb=1,
    system="Linux x86_64",
    versions={"python": "3.11.0"},
    clock="processor",
)


def result(name: str, found: Found, **changes: object) -> Result:
    values: dict[str, object] = {
        "benchmark": name,
        "quick": False,
        "date": datetime.date(2026, 12, 1),
        "seconds": 12.0,
        "others": 0.25,
        "code": code_digest(),
        "machine": MACHINE,
        "found": found,
    }
    return Result.model_validate({**values, **changes})


def a_curve() -> Curve:
    """Exactly 3 · size²."""
    return curve("time", "edges", "s", {size: [3.0 * size**2] * 2 for size in (1, 2, 4)}, most=2.5)


def test_a_reading_has_either_a_value_or_a_reason() -> None:
    for both in ({"value": 1.0, "missing": "no"}, {}):
        with pytest.raises(ValidationError, match="either a value or a reason"):
            Reading(name="x", **both)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_reading_is_finite(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Reading(name="x", value=value)


def test_the_middle_of_rounds_and_their_quartiles() -> None:
    found = reading("x", [9.0, 1.0, 2.0, 4.0, 3.0], "s")
    assert (found.value, found.low, found.high, found.rounds) == (3.0, 2.0, 4.0, 5)
    once = reading("x", [7.0])
    assert (once.value, once.low, once.high, once.rounds) == (7.0, None, None, 1)


def test_a_ratio_is_taken_round_by_round() -> None:
    """The machine is ten times slower in the second round, which no ratio shows."""
    found = ratio("x", [2.0, 20.0, 2.2], [1.0, 10.0, 1.0])
    assert found.value == pytest.approx(2.0)
    assert found.unit == "×"


@pytest.mark.parametrize(
    ("value", "limits", "holds"),
    [
        (1.1, {"most": 1.08}, False),
        (1.08, {"most": 1.08}, True),
        (1.6, {"least": 1.7}, False),
        (1.7, {"least": 1.7}, True),
        (1.7, {}, None),
    ],
)
def test_what_is_wanted_holds_or_does_not(value: float, limits: dict[str, float], holds: bool | None) -> None:
    assert reading("x", [value], **limits).holds is holds


def test_variants_take_turns_there_and_back() -> None:
    done: list[str] = []
    times = in_turn(
        {"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3, lambda work: float(bool(work()))
    )
    assert "".join(done) == "a" + "ab" + "ba" + "ab"
    assert times == {"a": [0.0] * 3, "b": [0.0] * 3}


@pytest.mark.parametrize("power", [0.0, 1.0, 1.7, -0.5])
def test_the_power_of_an_exact_law(power: float) -> None:
    sizes = [3.0, 10.0, 20.0, 400.0]
    found, r2 = power_law(sizes, [5 * size**power for size in sizes])
    assert found == pytest.approx(power, abs=1e-12)
    assert r2 is None if power == 0 else r2 == pytest.approx(1)


def test_the_power_is_that_of_least_squares() -> None:
    """Against the normal equations, written out."""
    generator = np.random.default_rng(0)
    sizes, values = np.array([2.0, 3.0, 9.0, 30.0]), generator.uniform(1, 5, 4)
    x, y = np.log(sizes), np.log(values)
    power = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    correlation = np.corrcoef(x, y)[0, 1]
    found, r2 = power_law(sizes.tolist(), values.tolist())
    assert found == pytest.approx(power)
    assert r2 == pytest.approx(correlation**2)


def test_fixed_costs_make_a_power_smaller() -> None:
    assert 0.3 < power_law([1, 2, 4, 8], [10 + size for size in (1, 2, 4, 8)])[0] * 2 < 0.6


def test_a_curve_has_the_power_of_every_round() -> None:
    by_size = {1: [1.0, 1.0, 1.0], 10: [10.0, 100.0, 1000.0]}
    found = curve("time", "tokens", "s", by_size)
    assert found.power.value == pytest.approx(2)
    assert (found.power.low, found.power.high) == (pytest.approx(1.5), pytest.approx(2.5))
    assert [one.value for one in found.readings] == [1.0, 100.0]


def test_without_positive_values_there_is_no_power(tmp_path: Path) -> None:
    found = curve("each resample", "edges", "s", {1: [0.1, 0.2], 10: [-0.1, 0.3]}, most=1)
    assert (found.power.value, found.power.missing, found.r2) == (None, "a value is not above 0", None)
    (row,) = page.curves_table([found]).splitlines()[2:]
    assert row.endswith("| – (a value is not above 0) | – | – | at most 1: not known |")
    page.draw_curves([found], tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").stat().st_size > 0


def test_results_come_back_from_a_file_as_they_were(tmp_path: Path) -> None:
    lost = Reading(name="library", missing="not installed here")
    both = (reading("a", [1.0, 2.0, 3.0], "s", most=4), lost)
    found = Results(
        results=(
            result("attribution", Found(readings=both, curves=(a_curve(),), notes=("of a model",))),
            result("board", Found(readings=(reading("b", [5.0], projected=True),)), others=None, quick=True),
        )
    )
    found.write(tmp_path / "kept" / "results.json")
    assert Results.read(tmp_path / "kept" / "results.json") == found
    assert Results.read(tmp_path / "none.json") == Results(results=())


def test_a_new_result_takes_the_place_of_the_one_before() -> None:
    before = Results(results=(result("a", Found()), result("b", Found())))
    new = result("a", Found(notes=("new",)))
    assert before.having([new]).results == (new, before.results[1])


def test_a_result_is_kept_until_something_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(quick=True, clock="processor")
    here = Machine.here("processor").model_copy(update={"threads": 1})
    path = path_of(tmp_path, "board", quick=True)
    found = result("board", Found(), quick=True, machine=here)
    assert kept(path, asked, 1) is None
    Results(results=(found,)).write(path)
    assert kept(path, asked, 1) == found
    assert kept(path, asked, 2) is None
    assert kept(path, Asked(quick=True, clock="wall"), 1) is None
    monkeypatch.setattr("speed.measuring.code_digest", lambda: "other code")
    assert kept(path, asked, 1) is None
    path.write_text('{"results": [{"benchmark": "of another form"}]}', encoding="utf-8")
    assert kept(path, asked, 1) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0831, "1.08"),
        (0.0123456, "0.0123"),
        (3.2e-6, "3.2e-06"),
        (1234567.8, "1,234,568"),
        (18.0, "18"),
    ],
)
def test_numbers_have_three_figures(value: float, text: str) -> None:
    assert page.number(value) == text


def test_the_table_of_readings() -> None:
    rows = (
        reading("attribution / passes", [1.2, 1.1, 1.3], "×", most=1.08),
        Reading(name="the library", missing="not installed here", least=25),
        reading("seconds", [2.0], "s"),
    )
    assert page.readings_table(rows).splitlines()[2:] == [
        "| attribution / passes | 1.2 × | 1.15 to 1.25 | 3 | at most 1.08: **does not hold** |",
        "| the library | – (not installed here) | – | – | at least 25: not known |",
        "| seconds | 2 s | – | 1 |  |",
    ]


def test_what_is_projected_has_a_table_of_its_own() -> None:
    rows = (reading("8B on 1 card", [5.0], "h", projected=True),)
    assert page.readings_table(rows).splitlines() == [
        "| projection | value |",
        "|---|---|",
        "| 8B on 1 card | 5 h |",
    ]


def test_the_table_of_curves() -> None:
    (row,) = page.curves_table([a_curve()]).splitlines()[2:]
    assert row == "| time | edges | 3 s at 1 | 48 s at 4 | 2 | 2 to 2 | 1.000 | at most 2.5: holds |"


def test_a_page_is_written_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "performance.md"
    written.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", written)
    monkeypatch.setattr(page, "KEPT", tmp_path / "performance.json")
    monkeypatch.setattr(page, "FIGURES", tmp_path / "images")
    found = result("time", Found(curves=(a_curve(),), notes=("Of a model.",)))
    page.write_page(Results(results=(found, result("pages", Found()))))
    text = written.read_text(encoding="utf-8")
    assert "Measured on 2026-12-01, in 12 s; others kept 0.2 cores busy.\n\nOf a model.\n\n" in text
    assert "| time | edges | 3 s at 1 |" in text
    assert "![time: curves](images/performance-time.svg)" in text
    assert "* an abacus, 2 cores, 1 threads, 1 GB, Linux x86_64; python 3.11.0; processor time: time." in text
    assert (tmp_path / "images" / "performance-time.svg").read_text(encoding="utf-8").startswith("<?xml")
    # Only benchmarks of the page are kept, as it has no place for others.
    assert Results.read(tmp_path / "performance.json").results == (found,)


def test_the_page_has_what_was_measured() -> None:
    """The page is what its results make: run `python -m speed --write` after a change of either."""
    text = page.PAGE.read_text(encoding="utf-8")
    for name, block in page.blocks(Results.read(page.KEPT)).items():
        begin, end = (f"<!-- {word} of {name}. -->\n" for word in ("Begin", "End"))
        assert text.count(begin) == text.count(end) == 1
        assert text.partition(begin)[2].partition(end)[0] == f"{block}\n"


def test_a_fit_goes_through_the_middle_of_its_points() -> None:
    drawn = pytest.importorskip("speed.drawn")
    assert drawn.fitted_values(a_curve(), 2.0) == pytest.approx([3.0, 12.0, 48.0])


def test_names_are_of_one_benchmark_each() -> None:
    assert len({each.name for each in BENCHMARKS}) == len(BENCHMARKS)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_every_benchmark_has_its_function(benchmark: Benchmark) -> None:
    module, _, name = benchmark.function.partition(":")
    source = (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(asked: Asked\) -> Found", source, re.M)


def test_the_usual_ones_run_where_none_is_named() -> None:
    assert command.chosen([]) == usual()
    assert [each.name for each in command.chosen(["board", "attribution"])] == ["attribution", "board"]


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.options(["boards"])
    assert "no benchmark is called boards" in capsys.readouterr().err


def test_a_benchmark_that_fails_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def apart(work: Callable[..., object], name: str, *_: object) -> Result:
        if name == "board":
            raise ValueError("a board fell")
        return result(name, Found(readings=(reading("x", [1.0], "s"),)))

    monkeypatch.setattr(command, "apart", apart)
    assert command.main(["board", "reads", "--results", str(tmp_path), "--threads", "1"]) == 1
    shown = capsys.readouterr()
    assert "failed: board" in shown.err
    assert "| x | 1 s |" in shown.out
    assert path_of(tmp_path, "reads", quick=False).exists()
    assert not path_of(tmp_path, "board", quick=False).exists()


def test_how_busy_others_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 700 ticks that passed, 100 idle and 100 waiting: 5 s of cores; 1 s of them is ours, in 2 s."""
    stat, ticks = tmp_path / "stat", [10, 0, 0, 50, 5, 0, 0, 0, 0, 0]
    now = {"clock": 100.0, "own": 3.0}
    monkeypatch.setattr(others, "STAT", stat)
    monkeypatch.setattr(others.os, "sysconf", lambda _: 100)
    monkeypatch.setattr(others.os, "times", lambda: (now["own"], 0.0, 0.0, 0.0, 0.0))
    monkeypatch.setattr(others.time, "monotonic", lambda: now["clock"])
    stat.write_text("cpu  " + " ".join(map(str, ticks)) + "\ncpu0 1 2\n", encoding="ascii")
    found = others.watch()
    for index, more in ((0, 300), (2, 200), (3, 100), (4, 100)):
        ticks[index] += more
    now |= {"clock": 102.0, "own": 4.0}
    stat.write_text("cpu  " + " ".join(map(str, ticks)) + "\n", encoding="ascii")
    assert found() == pytest.approx(2.0)
    monkeypatch.setattr(others, "STAT", tmp_path / "none")
    assert others.watch()() is None
