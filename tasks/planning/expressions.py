"""All arithmetic expressions over given numbers, each once up to commuting and regrouping.

A sum is kept as its added and its subtracted terms, a product as its factors and divisors, so that
(a+b)−c, a−(c−b) and b+a−c are one expression with one canonical text.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations


@dataclass(frozen=True)
class Expression:
    """A number (`kind` ""), a sum ("+") or a product ("*") of smaller expressions.

    `joined` are added or multiplied, `removed` subtracted or divided by, both in canonical order.
    """

    kind: str
    value: int
    joined: tuple["Expression", ...] = ()
    removed: tuple["Expression", ...] = ()

    @property
    def text(self) -> str:
        """Canonical form: larger terms first, added before subtracted, factors before divisors."""
        if not self.kind:
            return str(self.value)
        inverse = "-" if self.kind == "+" else "/"
        first = self.kind.join(term._within(self.kind) for term in self.joined)
        return first + "".join(inverse + term._within(self.kind) for term in self.removed)

    def _within(self, kind: str) -> str:
        return f"({self.text})" if self.kind == "+" and kind == "*" else self.text


def solutions(numbers: tuple[int, ...], operators: str) -> dict[int, list[str]]:
    """Canonical expressions that use every number once, by value, sorted.

    `numbers` in any order, at least one; `operators` some of "+-*/". Every sum and every product in an
    expression is a positive whole number.
    """
    found: dict[int, set[str]] = {}
    for expression in _expressions(tuple(sorted(numbers)), operators):
        found.setdefault(expression.value, set()).add(expression.text)
    return {value: sorted(texts) for value, texts in found.items()}


@lru_cache(maxsize=1024)
def _expressions(numbers: tuple[int, ...], operators: str) -> frozenset[Expression]:
    if len(numbers) == 1:
        return frozenset({Expression("", numbers[0])})
    found: set[Expression] = set()
    for size in range(1, len(numbers)):
        for chosen in combinations(range(len(numbers)), size):
            left = tuple(numbers[i] for i in chosen)
            right = tuple(numbers[i] for i in range(len(numbers)) if i not in chosen)
            for a in _expressions(left, operators):
                for b in _expressions(right, operators):
                    found.update(_combined(a, b, operators))
    return frozenset(found)


def _combined(a: Expression, b: Expression, operators: str) -> list[Expression]:
    results = []
    for operator in operators:
        kind, inverted = ("+", operator == "-") if operator in "+-" else ("*", operator == "/")
        joined, removed = _parts(a, kind)
        extra = _parts(b, kind)
        joined, removed = joined + extra[inverted], removed + extra[not inverted]
        value = _value(kind, joined, removed)
        if value is not None:
            results.append(Expression(kind, value, _ordered(joined), _ordered(removed)))
    return results


def _parts(expression: Expression, kind: str) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    if expression.kind == kind:
        return expression.joined, expression.removed
    return (expression,), ()


def _ordered(terms: tuple[Expression, ...]) -> tuple[Expression, ...]:
    return tuple(sorted(terms, key=lambda term: (-term.value, term.text)))


def _value(kind: str, joined: tuple[Expression, ...], removed: tuple[Expression, ...]) -> int | None:
    """The value if it is a positive whole number, else None."""
    if kind == "+":
        value = sum(term.value for term in joined) - sum(term.value for term in removed)
        return value if value > 0 else None
    value = 1
    for term in joined:
        value *= term.value
    for term in removed:
        value, rest = divmod(value, term.value)
        if rest:
            return None
    return value
