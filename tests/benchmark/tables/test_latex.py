"""Texts as plain pdflatex takes them: ASCII alone, and no sign of its own unescaped."""

import re
import sys

import pytest

from mechshift.benchmark.tables.latex import as_latex


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50 % of a_b & {c}", r"50 \% of a\_b \& \{c\}"),
        ("B − A, α = 0.05, 2 ≤ 3", r"B $-$ A, $\alpha$ = 0.05, 2 $\leq$ 3"),
        ("Ĵ → [1]", r"$\hat{J}$ $\to$ {[}1{]}"),
        ("Zoë Łukasz Dvořák", r"Zo\"{e} \L{}ukasz Dvo\v{r}\'{a}k"),
        ("e\u0301 x\u0301", r"\'{e} x{[}U+0301{]}"),
        ("└ 木", "{[}U+2514{]} {[}U+6728{]}"),
        ("–—…", r"\textendash{}\textemdash{}\dots{}"),
        ("--unofficial, --- and a-b", "-{}-unofficial, -{}-{}- and a-b"),
        ("`a` | ''b'' Zoë's", r"\textasciigrave{}a\textasciigrave{} \textbar{} '{}'b'{}' Zo\"{e}'s"),
        ("‘a’ “b”", r"\textquoteleft{}a\textquoteright{} \textquotedblleft{}b\textquotedblright{}"),
    ],
)
def test_by_hand(text: str, written: str) -> None:
    assert as_latex(text) == written


def test_any_character_becomes_ascii_that_closes_what_it_opens() -> None:
    for number in (*range(32, 0x3000), *range(0x1F000, 0x1F800), sys.maxunicode):
        written = as_latex(chr(number))
        assert written.isascii(), hex(number)
        bare = re.sub(r"\\[&%$#_{}]", "", written)
        assert bare.count("{") == bare.count("}"), hex(number)
        assert bare.count("$") in (0, 2), hex(number)
        assert not set(bare) & set("%&#"), hex(number)
