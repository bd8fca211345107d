"""HTML is put together from elements, and a text in it stays a text."""

from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from build.pages import NASTY, SEEN, Parsed
from mechshift.benchmark.pages.markup import Html, joined, tag, visible


def test_elements_attributes_and_children() -> None:
    found = tag("p", "a < b", tag("br"), [1, None, 2.5], class_="x", aria_label='"', hidden=True, id=None)
    assert found == '<p class="x" aria-label="&quot;" hidden>a &lt; b<br>12.5</p>'


def test_a_part_of_html_is_a_text_again() -> None:
    html = tag("b", "x")
    assert joined(html) == "<b>x</b>"
    assert joined(html[:3]) == "&lt;b&gt;"
    assert joined(html + "y") == "&lt;b&gt;x&lt;/b&gt;y"
    assert isinstance(joined(html), Html)


def test_what_acts_unseen_is_replaced() -> None:
    assert visible(NASTY) == SEEN
    assert visible("Ĵ ≥ 0.5 – “naïve” 数\n\N{NO-BREAK SPACE}x") == "Ĵ ≥ 0.5 – “naïve” 数\n\N{NO-BREAK SPACE}x"


@given(st.text())
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    parsed = Parsed(tag("p", text, title=text))
    assert [name for name, _ in parsed.elements] == ["p"]
    assert parsed.text == visible(text)
    assert list(parsed.values("title")) == [visible(text)]
    assert unescape(joined(text)) == visible(text)
