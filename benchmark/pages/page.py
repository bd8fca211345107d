"""The frame of every page: one file that fetches nothing, under a policy that lets nothing else run."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from .markup import Child, Html, joined, tag

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M3 13 8 3l5 10' fill='none' stroke='%230072b2' stroke-width='2'/%3E%3C/svg%3E"
)


def document(
    title: str, body: Child, scripts: Sequence[str], home: str | None = None, kind: str | None = None
) -> str:
    """A whole page.

    `scripts`: names of the scripts that it needs; `home`: a link to the page above; `kind`: what the style
    calls it.
    """
    style, script = _asset("style.css"), "".join(map(_asset, ("page.js", *scripts)))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        # Before all else, so that nothing is parsed outside of it.
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href=_ICON),
        # Ours, and not to be escaped: within these two elements HTML knows no references.
        Html(f"<style>{style}</style>"),
    )
    content = tag(
        "body",
        tag("a", "Skip to content", href="#content", class_="skip"),
        _masthead(home),
        tag("main", body, id="content", tabindex="-1"),
        tag("footer", tag("p", "Made by mechshift. Everything on this page is in this file.")),
        _definition_dialog(),
        Html(f"<script>{script}</script>"),
        class_=kind,
    )
    return f"<!DOCTYPE html>\n{tag('html', head, content, lang='en-GB')}\n"


def section(identifier: str, heading: str, *content: Child, level: int = 2) -> Html:
    """A section that can be linked to, named by its heading."""
    title = tag(f"h{level}", heading, id=f"{identifier}-heading")
    return tag("section", title, joined(content), id=identifier, aria_labelledby=f"{identifier}-heading")


def scrolling(what: str, table: Html) -> Html:
    """A wide table that scrolls by itself, also by key, so that the page never does sideways."""
    # A group and no region: with a landmark for every table nobody would find their way.
    return tag("div", table, class_="scroll", role="group", aria_label=what, tabindex="0")


def caption(text: str) -> Html:
    """A table's caption, which stays in sight while the table scrolls sideways."""
    return tag("caption", tag("span", text))


def _masthead(home: str | None) -> Html:
    name = "mechshift"
    link = tag("a", f"{name} board", href=home) if home else tag("span", name)
    # A script shows it: without one it could do nothing.
    button = tag("button", "Dark", type="button", id="theme", hidden=True, aria_pressed="false")
    return tag("header", tag("p", link, class_="brand"), button, class_="masthead")


def _definition_dialog() -> Html:
    close = tag("button", "Close", type="button", class_="close")
    inside = tag("div", id="definition-text")
    return tag("dialog", inside, tag("p", close), id="definition", aria_label="Definition")


def _policy(style: str, script: str) -> str:
    # Hashes of the one style and the one script: no inline handler, no style attribute, and nothing that
    # came in by a name can act, even if it were not escaped.
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
