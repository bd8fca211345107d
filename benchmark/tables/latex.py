"""Any text as LaTeX that plain pdflatex compiles, with no package and in its default encoding."""

import re
import unicodedata

_SIGNS = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    # Brackets are braced, as one behind a line break would be taken for the break's argument.
    | {"<": r"\textless{}", ">": r"\textgreater{}", "[": "{[}", "]": "{]}"}
    # In the default encoding these print as an em dash and as a quotation mark.
    | {"|": r"\textbar{}", "`": r"\textasciigrave{}"}
    # By name, as hyphens and quotation marks beside them would be taken for parts of theirs.
    | {"–": r"\textendash{}", "—": r"\textemdash{}", "‘": r"\textquoteleft{}", "’": r"\textquoteright{}"}
    | {"“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "…": r"\dots{}", "\u00a0": "~"}
    | {"ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}"}
    | {"æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}"}
    | {"→": r"$\to$", "−": "$-$", "√": r"$\surd$", "Ĵ": r"$\hat{J}$", "α": r"$\alpha$", "ν": r"$\nu$"}
    | {"×": r"$\times$", "±": r"$\pm$", "·": r"$\cdot$", "≤": r"$\leq$", "≥": r"$\geq$", "²": "$^2$"}
)
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
}
"""What combines with a letter, and LaTeX's command for it."""


def as_latex(text: str) -> str:
    r"""The text with LaTeX's special characters escaped.

    A character that plain LaTeX cannot set is written as its code point.

    >>> print(as_latex("50 % of Zoë's 木 − α"))
    50 \% of Zo\"{e}'s {[}U+6728{]} $-$ $\alpha$
    """
    # A letter and an accent that follows it become one character.
    written = "".join(map(_as_latex, unicodedata.normalize("NFC", text)))
    # Two hyphens would print as a dash, and two apostrophes as a quotation mark.
    return re.sub(r"([-'])(?=\1)", r"\1{}", written)


def _as_latex(character: str) -> str:
    known = character.translate(_SIGNS)
    if known != character or character.isascii():
        return known
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"{{[}}U+{ord(character):04X}{{]}}"
