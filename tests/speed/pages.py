"""How long a board's page takes to sort and to filter, from the click to the painted frame.

Made-up rows. Measured in Chromium by `performance.now`, from before the click until the frame after the next
has been drawn, so that layout and painting are in it.
"""

import tempfile
from pathlib import Path

from build.browser import browsing
from build.pages import a_board, some_rows
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.record.row import pair_quantities
from speed.results import Found, reading
from speed.timing import Asked

LIMIT = 200
"""Milliseconds."""

_CLICK = """selector => new Promise(done => {
  const start = performance.now();
  document.querySelector(selector).click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""

_CHOOSE = """([selector, value]) => new Promise(done => {
  const control = document.querySelector(selector);
  const start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event("input", {bubbles: true}));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""


def measure(rows: int, times: int) -> tuple[int, dict[str, list[float]]]:
    """Bytes of the page, and milliseconds by what was done."""
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        path = Path(folder, "board.html")
        path.write_text(board_page(a_board(some_rows(rows))), encoding="utf-8")
        size = path.stat().st_size
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        names = [quantity.name for quantity in pair_quantities()]
        sorting = [page.evaluate(_CLICK, f"button[data-sort={name}]") for _ in range(times) for name in names]
        chosen = [("text", "pair-01"), ("text", ""), ("status", "re-run"), ("status", "")]
        filtering = [
            page.evaluate(_CHOOSE, [f"[data-filter={name}]", value])
            for _ in range(times)
            for name, value in chosen
        ]
    return size, {"sorting": sorting, "filtering": filtering}


def measured(asked: Asked) -> Found:
    """Of either the median and the longest, and the size of the page."""
    rows, times = (20, 1) if asked.quick else (500, 3)
    size, found = measure(rows, times)
    readings = [reading("size of the page", [size / 1e6], "MB")]
    for name, each in found.items():
        readings += [
            reading(name, each, "ms"),
            reading(f"{name}, the longest", [max(each)], "ms", most=LIMIT),
        ]
    return Found(readings=tuple(readings), notes=(f"{rows} rows, in Chromium.",))
