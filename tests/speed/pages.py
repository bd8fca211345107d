"""How long a board's page takes to sort and to filter, from the click to the painted frame.

    cd tests && python -m speed.pages --rows 500

Made-up rows. Measured in Chromium by `performance.now`, from before the click until the frame after the next
has been drawn, so that layout and painting are in it. Printed are the median and the longest of each, and the
size of the page. It fails where the longest takes more than 200 ms.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from build.browser import browsing
from build.pages import a_board, some_rows
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.record.row import pair_quantities

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


def measure(rows: int, times: int) -> dict[str, list[float]]:
    """Milliseconds by what was done."""
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        path = Path(folder, "board.html")
        path.write_text(board_page(a_board(some_rows(rows))), encoding="utf-8")
        print(f"{rows} rows, {path.stat().st_size / 1e6:.1f} MB")
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
    return {"sorting": sorting, "filtering": filtering}


def main() -> None:
    """Print what was measured; exit code 1 where it took longer than LIMIT."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    found = measure(arguments.rows, arguments.times)
    for name, times in found.items():
        print(f"{name}: median {median(times):.0f} ms, longest {max(times):.0f} ms")
    if max(map(max, found.values())) > LIMIT:
        raise SystemExit(f"longer than {LIMIT} ms")


if __name__ == "__main__":
    main()
