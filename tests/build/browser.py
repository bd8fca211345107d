"""Chromium without a window, and the axe rules of accessibility, for tests of pages."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

SIZES = ((1280, 900), (390, 844))


def find_chromium() -> str:
    """The browser of this machine. Pages are what readers see: without a browser their tests fail."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and ON_MACOS.exists():
        found = str(ON_MACOS)
    assert found is not None, f"there is no browser ({', '.join(NAMES)}): apt-get install chromium"
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser for as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--disable-gpu"])
        yield browser
        browser.close()


class Opened:
    """An open page, and what went wrong in it: errors of scripts, and what its policy refused."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that are shown."""
        return [each.inner_text() for each in self.page.query_selector_all(selector) if each.is_visible()]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


Open = Callable[..., Opened]


def opener(browser: Browser) -> Iterator[Open]:
    """Opens files: `open(path, fragment, **context)`; what was opened is closed at the end."""
    contexts = []

    def open_page(path: Path, fragment: str = "", **settings: Any) -> Opened:
        width, height = SIZES[0]
        chosen = {"viewport": {"width": width, "height": height}, "offline": True, **settings}
        context = browser.new_context(**chosen)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.goto(path.resolve().as_uri() + fragment)
        return opened

    yield open_page
    for context in contexts:
        context.close()


_RULES = """axe.run(document, {
  preload: false, resultTypes: ["violations"], rules: {"color-contrast": {enabled: false}},
})"""

# Contrast takes long. Elements whose tags and classes are alike all the way up have one style: one of them is
# measured.
_CONTRAST = """() => {
  const found = new Map();
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    if (!element.checkVisibility()) continue;
    const style = [];
    for (let each = element; each; each = each.parentElement) {
      style.push(each.tagName, each.getAttribute("class"), each.getAttribute("scope"), each.disabled);
    }
    const key = style.join(" ");
    if (!found.has(key)) found.set(key, element);
  }
  return axe.run({include: [...found.values()]}, {
    preload: false, resultTypes: ["violations"], runOnly: ["color-contrast"],
  });
}"""


def violations(page: Page) -> list[str]:
    """What axe finds against the page, wide and narrow, light and dark: rule, element, window."""
    # Evaluated and not added as a script, which the page's policy would refuse.
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # Of all rules that of contrast alone depends on the colours.
            for asked in (_RULES, _CONTRAST) if scheme == "light" else (_CONTRAST,):
                found += [
                    f"{violation['id']}: {node['target']} ({width}, {scheme}) {node['failureSummary']}"
                    for violation in page.evaluate(asked)["violations"]
                    for node in violation["nodes"]
                ]
    return found
