"""All arithmetic expressions over given numbers, each once up to commuting and regrouping.

A sum is kept as its added and its subtracted terms, a product as its factors and divisors, so that
(a+b)−c, a−(c−b) and b+a−c are one expression with one canonical text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

Terms = tuple["Expression", ...]


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """A number (`kind` ""), a sum ("+") or a product ("*") of smaller expressions.

    `joined` are added or multiplied, `removed` subtracted or divided by, both in canonical order. `text` is
    the canonical form: larger terms first, added before subtracted, factors before divisors.
    """

    kind: str
    value: int
    text: str
    joined: Terms = ()
    removed: Terms = ()


def solutions(numbers: tuple[int, ...], operators: str) -> dict[int, list[str]]:
    """Canonical expressions that use every number once, by value, sorted.

    `numbers` in any order, at least one; `operators` some of "+-*/". Every sum and every product in an
    expression is a positive whole number.
    """
    found: dict[int, list[str]] = {}
    for expression in _expressions(tuple(sorted(numbers)), operators):
        found.setdefault(expression.value, []).append(expression.text)
    return {value: sorted(texts) for value, texts in found.items()}


@lru_cache(maxsize=1024)
def _expressions(numbers: tuple[int, ...], operators: str) -> Terms:
    if len(numbers) == 1:
        return (Expression("", numbers[0], str(numbers[0])),)
    # By text, because the canonical text tells an expression from every other, and is hashed once.
    found: dict[str, Expression] = {}
    for size in range(1, len(numbers)):
        for chosen in combinations(range(len(numbers)), size):
            left = tuple(numbers[i] for i in chosen)
            right = tuple(numbers[i] for i in range(len(numbers)) if i not in chosen)
            for a in _expressions(left, operators):
                for b in _expressions(right, operators):
                    for expression in _combined(a, b, operators):
                        found[expression.text] = expression
    return tuple(found.values())


def _combined(a: Expression, b: Expression, operators: str) -> Iterator[Expression]:
    for operator in operators:
        # Either order of the two sides comes up, and commuting does not count: one of them is enough.
        if operator in "+*" and a.text > b.text:
            continue
        value = _value(a.value, operator, b.value)
        if value is None:
            continue
        kind, inverted = "+" if operator in "+-" else "*", operator in "-/"
        joined, removed = _parts(a, kind)
        extra = _parts(b, kind)
        joined, removed = _ordered(joined + extra[inverted]), _ordered(removed + extra[not inverted])
        yield Expression(kind, value, _text(kind, joined, removed), joined, removed)


def _value(left: int, operator: str, right: int) -> int | None:
    """The value if it is a positive whole number, else None."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right if left > right else None
        case "*":
            return left * right
        case _:
            return None if left % right else left // right


def _parts(expression: Expression, kind: str) -> tuple[Terms, Terms]:
    # A sum within a sum is no term of it: its own terms are, with their signs.
    if expression.kind == kind:
        return expression.joined, expression.removed
    return (expression,), ()


def _ordered(terms: Terms) -> Terms:
    return terms if len(terms) < 2 else tuple(sorted(terms, key=lambda term: (-term.value, term.text)))


def _text(kind: str, joined: Terms, removed: Terms) -> str:
    inverse = "-" if kind == "+" else "/"
    texts = [f"({term.text})" if kind == "*" and term.kind == "+" else term.text for term in joined + removed]
    kept = len(joined)
    return inverse.join([kind.join(texts[:kept]), *texts[kept:]])
