"""An equation worked out step by step, as Dream is asked for it: `44-15=29,79-29=50`."""

import ast
import re
from collections import Counter

STEP = re.compile(r"(0|[1-9][0-9]{0,8})([-+*/])(0|[1-9][0-9]{0,8})=(0|[1-9][0-9]{0,8})")

SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def in_steps(expression: str) -> str:
    """The steps of an expression of + - * / and brackets, in which every step is a natural number.

    It is read from the left, as arithmetic is; each operation is a step as soon as both its sides are known.
    So 9*2-(5+1) is `9*2=18,5+1=6,18-6=12`. One step at least.
    """
    steps: list[str] = []
    _work_out(ast.parse(expression, mode="eval").body, steps)
    return ",".join(steps)


def _work_out(node: ast.expr, steps: list[str]) -> int:
    if isinstance(node, ast.Constant):
        return int(str(node.value))
    assert isinstance(node, ast.BinOp), "a canonical expression has nothing else"
    left, right = (_work_out(side, steps) for side in (node.left, node.right))
    sign = SIGNS[type(node.op)]
    result = _result(left, sign, right)
    assert result is not None, "a canonical expression divides without a rest"
    steps.append(f"{left}{sign}{right}={result}")
    return result


def read(line: str) -> tuple[tuple[int, ...], int] | None:
    """The sorted numbers that steps start from, and what they reach; None for anything but true steps.

    Every result but the last has to be used in one later step. Numbers are natural and have no leading zero,
    division is exact.
    """
    given: list[int] = []
    unused: Counter[int] = Counter()
    reached = 0
    for step in line.split(","):
        parts = STEP.fullmatch(step)
        if parts is None:
            return None
        left, right, reached = int(parts[1]), int(parts[3]), int(parts[4])
        if _result(left, parts[2], right) != reached:
            return None
        for number in (left, right):
            # A number that a step before has reached is taken for that result, and any other for a given one.
            if unused[number]:
                unused[number] -= 1
            else:
                given.append(number)
        unused[reached] += 1
    return (tuple(sorted(given)), reached) if unused.total() == 1 else None


def _result(left: int, sign: str, right: int) -> int | None:
    if sign == "/":
        return left // right if right and left % right == 0 else None
    return {"+": left + right, "-": left - right, "*": left * right}[sign]
