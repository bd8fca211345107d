"""Pages in Chromium: what readers do on them works, for everybody, and what strangers wrote does nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from build.browser import Open, Opened, browsing, opener, violations
from build.pages import (
    NASTY,
    SEEN,
    a_board,
    a_drawn_record,
    a_judged_record,
    a_nasty_record,
    some_rows,
)
from build.records import a_comparison, a_pair, a_record, a_task, number
from mechshift.benchmark.board.columns import BoardRow
from mechshift.benchmark.board.entries import Entry, Retired
from mechshift.benchmark.board.ranks import Unranked
from mechshift.benchmark.board.rows import Board
from mechshift.benchmark.contrast.comparison import compare_records
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.pages.comparison import comparison_page
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.pages.write import write_page
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.row import pair_quantities

ROWS = some_rows(14)
WIDTHS = (320, 768, 1920)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture
def show(browser: Browser) -> Iterator[Open]:
    yield from opener(browser)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(board_page(a_board(ROWS)), tmp_path_factory.mktemp("board") / "board.html")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    path, record = a_drawn_record(folder, ["ioi"])
    described = a_pair("control", arm={"digest": record.pair.arm.digest}, control=True)
    control = a_record("control", number(0.02, 0.02), tasks=record.tasks, pair=described)
    return write_page(pair_page(PairPage(record, path, (control,))), folder / "pair.html")


def check_for_everybody(opened: Opened) -> None:
    """Nothing that axe finds, no sideways scrolling at any width, no errors, and nothing fetched."""
    assert violations(opened.page) == []
    for width in WIDTHS:
        opened.page.set_viewport_size({"width": width, "height": 900})
        assert opened.overflow() == 0, width
    assert opened.errors == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []


def open_all(opened: Opened) -> None:
    """Everything that unfolds is unfolded."""
    opened.page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")


def values_in_order(name: str) -> list[tuple[str, float | None]]:
    quantity = next(each for each in pair_quantities() if each.name == name)
    values = [(row.record.pair.name, quantity.of(row.record.summary)) for row in ROWS]
    return [(pair, value.value if isinstance(value, Number) else None) for pair, value in values]


def sorted_pairs(name: str, largest_first: bool) -> list[str]:
    """Pairs by a quantity, what is missing last; Python's sort keeps equals in their order, as is wanted."""
    known = [(pair, value) for pair, value in values_in_order(name) if value is not None]
    known.sort(key=lambda each: -each[1] if largest_first else each[1])
    return [pair for pair, _ in known] + [pair for pair, value in values_in_order(name) if value is None]


def shown_pairs(opened: Opened) -> list[str]:
    script = "rows => rows.map(row => row.dataset.pair)"
    found: list[str] = opened.page.eval_on_selector_all("#board tbody tr:not([hidden])", script)
    return found


def test_a_board_is_sorted_by_every_column_by_press_and_by_key(board: Path, show: Open) -> None:
    opened = show(board)
    assert shown_pairs(opened) == [row.record.pair.name for row in ROWS]
    button = opened.page.locator("button[data-sort=task_dependent_shift]")
    button.click()
    assert shown_pairs(opened) == sorted_pairs("task_dependent_shift", largest_first=True)
    head = opened.page.locator("th:has(> .head-line > button[data-sort=task_dependent_shift])")
    assert head.get_attribute("aria-sort") == "descending"
    button.press("Enter")
    assert shown_pairs(opened) == sorted_pairs("task_dependent_shift", largest_first=False)
    assert head.get_attribute("aria-sort") == "ascending"
    assert opened.page.locator("[aria-sort=ascending]").count() == 1
    names = [quantity.name for quantity in pair_quantities()]
    shown = opened.page.evaluate(SORTED, names)
    assert shown == [sorted_pairs(name, largest_first=True) for name in names]
    opened.page.locator("button[data-sort=rank]").click()
    ranks = {row.record.pair.name: None if isinstance(row.rank, Unranked) else row.rank for row in ROWS}
    assert [ranks[pair] for pair in shown_pairs(opened)] == [
        *sorted(rank for rank in ranks.values() if rank is not None),
        *(None for rank in ranks.values() if rank is None),
    ]


# In one call: each to the browser takes longer than a sort.
SORTED = """names => names.map(name => {
  document.querySelector(`button[data-sort=${name}]`).click();
  const rows = document.querySelectorAll("#board tbody tr:not([hidden])");
  return [...rows].map(row => row.dataset.pair);
})"""


def test_the_head_says_what_ranks_are_by_whatever_rows_are_sorted_by(board: Path, show: Open) -> None:
    opened = show(board)
    head = opened.page.locator("th.rank").first
    ranks = dict(opened.page.evaluate(RANKS))
    for name in ("overlap_local", "accuracy_mdm_planning"):
        opened.page.locator(f"button[data-sort={name}]").click()
        assert " ".join(head.inner_text().split()) == "rank by task-dependent shift"
        assert dict(opened.page.evaluate(RANKS)) == ranks


RANKS = """() => [...document.querySelectorAll("#board tbody tr")].map(row =>
  [row.dataset.pair, row.querySelector("td.rank").dataset.value])"""


def test_a_board_is_for_everybody(tmp_path: Path, show: Open) -> None:
    # One row of every kind: what axe asks of a row it asks of each.
    opened = show(write_page(board_page(a_board(ROWS[:6])), tmp_path))
    open_all(opened)
    check_for_everybody(opened)


FILTERS: tuple[tuple[str, str, Callable[[BoardRow], bool]], ...] = (
    ("text", "PAIR-01 v2", lambda row: "pair-01" in row.entry.name),
    ("status", "re-run", lambda row: row.entry.status == "re-run"),
    ("family", "GPT2", lambda row: row.record.pair.arm.native == "GPT2LMHeadModel"),
    ("control", "with", lambda row: bool(row.controls)),
)


def test_a_board_is_filtered_and_its_address_says_how(board: Path, show: Open) -> None:
    opened = show(board)
    for name, value, kept in FILTERS:
        control = opened.page.locator(f"[data-filter={name}]")
        if name == "text":
            control.fill(value)
        else:
            control.select_option(value)
        expected = [row.record.pair.name for row in ROWS if kept(row)]
        assert 0 < len(expected) < len(ROWS)
        assert shown_pairs(opened) == expected
        assert opened.texts("#shown") == [f"{len(expected)} of {len(ROWS)} rows"]
        address = "#" + opened.page.url.partition("#")[2]
        opened.page.locator("#reset").click()
        assert shown_pairs(opened) == [row.record.pair.name for row in ROWS]
        assert "=" not in opened.page.url
        # As somebody does who is sent the address while the board is open.
        opened.page.evaluate("address => { location.hash = address }", address)
        opened.page.wait_for_selector("tr[hidden]", state="attached")
        assert shown_pairs(opened) == expected
        opened.page.locator("#reset").click()


# Not waited for by the browser: that evaluates a text, which the policy of the page refuses.
IN_SIGHT = """() => {
  const {top, bottom} = document.querySelector('tr.chosen').getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}"""


def test_a_board_is_sorted_and_filtered_by_verdict(tmp_path: Path, show: Open) -> None:
    """What changed most first; rows keep their ranks; and the address says which verdict is shown."""
    rows = [
        BoardRow(Entry(f"2026-11-29-{name}-v2", tmp_path, a_judged_record(name, *truth)), rank)
        for rank, (name, truth) in enumerate(VERDICTS.items(), start=1)
    ]
    opened = show(write_page(board_page(a_board(rows)), tmp_path / "board.html"))
    button = opened.page.locator("button[data-sort=verdict_planning]")
    button.click()
    assert shown_pairs(opened) == ["rebuilt", "extended", "preserved", "undecided"]
    assert opened.page.locator("#shown").inner_text() == (
        "4 of 4 rows, by verdict, planning, what changed most first"
    )
    ranks = dict(opened.page.evaluate(RANKS))
    assert ranks == {name: str(rank) for rank, name in enumerate(VERDICTS, start=1)}
    opened.page.select_option("#filter-verdict", "extended")
    assert shown_pairs(opened) == ["extended"]
    assert "verdict=extended" in opened.page.url
    opened.page.select_option("#filter-attribution", "control: none")
    assert shown_pairs(opened) == ["extended"]
    opened.page.locator("details.decided summary").locator("visible=true").first.click()
    assert opened.page.locator("details.decided[open] .claims").locator("visible=true").count() == 1


VERDICTS = {
    "preserved": (0.97, 0.95, 0.95),
    "undecided": (0.97, 0.95, 0.8),
    "rebuilt": (0.1, 0.2, 0.4),
    "extended": (0.95, 0.3, 0.95),
}


def test_an_address_leads_to_a_row_of_a_sorted_board(board: Path, show: Open) -> None:
    row = ROWS[-1]
    opened = show(board, f"#sort=overlap_local&order=up&row={quote(row.entry.name)}")
    assert shown_pairs(opened) == sorted_pairs("overlap_local", largest_first=False)
    chosen = opened.page.locator("tr.chosen")
    assert chosen.get_attribute("data-name") == row.entry.name
    # Scrolling takes its time.
    for _ in range(100):
        if opened.page.evaluate(IN_SIGHT):
            break
        opened.page.wait_for_timeout(50)
    assert opened.page.evaluate(IN_SIGHT)
    opened.page.locator("tr:not(.chosen) a.permalink").first.click()
    assert opened.page.locator("tr.chosen").count() == 1
    assert "sort=overlap_local" in opened.page.url


def test_an_address_that_makes_no_sense_changes_nothing(board: Path, show: Open) -> None:
    opened = show(board, "#sort=__proto__&order=sideways&status=<b>&row=%00&family=constructor")
    assert shown_pairs(opened) == [row.record.pair.name for row in ROWS]
    assert opened.errors == []


def test_definitions_open_by_key_and_close_again(pair: Path, show: Open) -> None:
    opened = show(pair)
    link = opened.page.locator("section#summary a.term").first
    link.press("Enter")
    dialog = opened.page.locator("dialog")
    assert dialog.is_visible()
    assert "The share of the tried examples" in dialog.inner_text() or "Mean over" in dialog.inner_text()
    assert opened.page.locator("dialog h3").inner_text() == link.inner_text().split(",")[0]
    opened.page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert opened.page.evaluate("document.activeElement.textContent") == link.inner_text()


def test_the_slider_draws_as_many_edges_as_it_says(pair: Path, show: Open) -> None:
    opened = show(pair)
    figure = opened.page.locator(".circuits").first
    slider, told = figure.locator("input"), figure.locator("output")
    drawn = "svgs => svgs.map(svg => svg.querySelectorAll('.edges path:not(.off)').length)"
    for size in (1, 7, 50):
        slider.fill(str(size))
        assert figure.locator("figure svg").evaluate_all(drawn) == [size, size]
        shared = figure.locator("figure svg").evaluate_all(drawn.replace(":not(.off)", ".shared:not(.off)"))
        edge = "edge" if size == 1 else "edges"
        assert told.inner_text() == f"{size} {edge} each, {shared[0]} in both"
        assert shared[0] == shared[1]
    slider.press("ArrowRight")
    assert told.inner_text().startswith("51 edges")


def test_a_page_of_a_pair_is_for_everybody(pair: Path, show: Open) -> None:
    opened = show(pair)
    open_all(opened)
    check_for_everybody(opened)


def test_the_choice_of_colours_holds(pair: Path, show: Open) -> None:
    opened = show(pair, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = opened.page.evaluate(ground)
    button = opened.page.locator("#theme")
    assert button.inner_text() == "Light"
    button.click()
    light = opened.page.evaluate(ground)
    assert light != dark
    opened.page.reload()
    assert opened.page.evaluate(ground) == light


def test_without_scripts_everything_is_there(pair: Path, show: Open) -> None:
    opened = show(pair, java_script_enabled=False)
    opened.page.locator("section#summary a.term").first.click()
    assert "#def-" in opened.page.url
    assert opened.page.locator(".entry").first.is_visible()
    assert not opened.page.locator("#theme").is_visible()
    assert opened.page.locator(".circuits figure svg").count() == 2


def test_a_comparison_is_for_everybody(tmp_path: Path, show: Open) -> None:
    # One task is enough: what axe asks of a row it asks of each.
    changed = a_task("sudoku", comparison=a_comparison((100, number(0.3, 0.02))))
    one, other = a_record("one", tasks=(a_task("sudoku"),)), a_record("other", tasks=(changed,))
    out = write_page(comparison_page(compare_records(one, other)), tmp_path)
    opened = show(out)
    rows = opened.page.locator(".differences tbody tr.same")
    assert rows.first.is_visible()
    opened.page.locator("#only").check()
    assert not rows.first.is_visible()
    opened.page.locator("#only").uncheck()
    check_for_everybody(opened)


INERT = """() => ({
  title: document.title,
  foreign: document.querySelectorAll("img, iframe, object, embed, base, form, style ~ style").length,
  scripts: document.scripts.length,
  handlers: [...document.querySelectorAll("*")].flatMap(element =>
    [...element.attributes].filter(attribute => /^on/i.test(attribute.name))).length,
})"""


def title(kind: str) -> str:
    return {
        "pair": f"{SEEN}, {SEEN}",
        "board": f"Leaderboard, {SEEN}@{V2.version}",
        "comparison": f"{SEEN} and {SEEN}",
    }[kind]


@pytest.mark.parametrize("kind", ["pair", "board", "comparison"])
def test_what_strangers_write_is_text(kind: str, tmp_path: Path, show: Open) -> None:
    record = a_nasty_record()
    if kind == "pair":
        page = pair_page(
            PairPage(
                record, tmp_path / NASTY.replace("/", "").replace("\x00", ""), status=NASTY, home="x.html"
            )
        )
    elif kind == "board":
        entry = Entry(NASTY, tmp_path, record, refused=NASTY, unofficial=NASTY)
        described = record.pair.model_copy(update={"control": True})
        control = Entry(NASTY, tmp_path, record.model_copy(update={"pair": described}))
        row = BoardRow(entry, Unranked(NASTY), (control,))
        board = Board((row,), (Retired(NASTY, None, NASTY),), NASTY, False)
        page = board_page(board, {NASTY: "pairs/x.html"})
    else:
        page = comparison_page(compare_records(record, record))
    opened = show(write_page(page, tmp_path / "page.html"))
    found = opened.page.evaluate(INERT)
    assert found["title"] == " ".join(title(kind).split())
    assert (found["foreign"], found["scripts"], found["handlers"]) == (0, 1, 0)
    assert SEEN in opened.page.locator("main").text_content()
    assert opened.errors == []
    # Should something be overlooked some day, the policy still keeps it from acting.
    opened.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=late onclick=\"acted = 1\">x</p>')"
    )
    opened.page.locator("#late").dispatch_event("click")
    assert opened.page.evaluate("typeof acted") == "undefined"
