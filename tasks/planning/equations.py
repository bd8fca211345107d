"""An equation of natural numbers, read from text without running it: `30+18-28=20`."""

import ast
import operator
import re
from collections.abc import Callable

NATURAL = re.compile(r"[0-9]{1,9}")
# Short and without letters, so that parsing an output costs little, whatever it is.
ARITHMETIC = re.compile(r"[0-9()+*/-]{1,100}")

OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def read(line: str) -> tuple[tuple[int, ...], int] | None:
    """The sorted operands and the stated result of a true equation, None for anything else."""
    expression, equals, result = line.partition("=")
    if not equals or not NATURAL.fullmatch(result) or not ARITHMETIC.fullmatch(expression):
        return None
    try:
        tree = ast.parse(expression, mode="eval").body
        operands: list[int] = []
        value = _evaluate(tree, operands)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None
    return (tuple(sorted(operands)), value) if value == int(result) else None


def _evaluate(node: ast.expr, operands: list[int]) -> int:
    """The value of an arithmetic tree; ValueError for anything but + − × and exact ÷ of natural numbers."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        operands.append(node.value)
        return node.value
    if not isinstance(node, ast.BinOp):
        raise ValueError("not an arithmetic expression")
    left, right = _evaluate(node.left, operands), _evaluate(node.right, operands)
    if isinstance(node.op, ast.Div):
        quotient, rest = divmod(left, right)
        if rest:
            raise ValueError("division with a remainder")
        return quotient
    # Looked up before anything is worked out: 9**9**9 would take for ever.
    if type(node.op) not in OPERATIONS:
        raise ValueError("not an arithmetic operator")
    return OPERATIONS[type(node.op)](left, right)
