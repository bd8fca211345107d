"""TOML with one line in it changed."""

from random import Random

VALUES = (
    "0",
    "-1",
    "9223372036854775808",
    "9" * 400,
    "9" * 5000,
    "0x" + "f" * 5000,
    "nan",
    "inf",
    "-inf",
    "1e999",
    "true",
    '""',
    '"x"',
    '"\\ud800"',
    '"\\u0000"',
    '"\\u001b[2J::error::"',
    "'''a\nb'''",
    '"../../../etc/passwd"',
    '"' + "x" * 30_000 + '"',
    "[]",
    "{}",
    "[1, 2]",
    '["x", "x"]',
    "[" * 60 + "]" * 60,
    "[" * 3_000 + "]" * 3_000,
    "{a=" * 3_000 + "1" + "}" * 3_000,
    "[" + "{}," * 3_000 + "]",
    "2026-11-29",
    "2026-13-45",
    "2026-11-29T10:00:00Z",
    "10:00:00",
    "1979-05-27 07:32:00",
    "{a = 1, a = 2}",
    "",
)

LINES = (
    "[x]",
    "[[x]]",
    "[checkpoints]",
    "[tiny.arm]",
    "x = 1",
    "'' = 1",
    ".".join("a" * 900) + " = 1",
    ".".join("a" * 8_000) + " = 1",
    "[" + ".".join("b" * 900) + "]",
    "[" + ".".join("b" * 8_000) + "]",
    '"\\ud800" = 1',
    "# \x01",
    "= 1",
    "x = 1 x = 2",
    "\ufeff",
    "]",
)


def change_toml(content: bytes, random: Random) -> bytes:
    """The text with one line changed. Raises UnicodeDecodeError for what is no text."""
    lines = content.decode("utf-8").split("\n")
    at = random.randrange(len(lines))
    name, equals, value = lines[at].partition("=")
    kind = random.choice(("value", "value", "value", "drop", "again", "line", "name", "swap"))
    if kind == "value" and equals:
        lines[at] = f"{name}= {random.choice(VALUES)}"
    elif kind == "drop":
        del lines[at]
    elif kind == "again":
        lines.insert(random.randrange(len(lines) + 1), lines[at])
    elif kind == "name" and equals:
        lines[at] = random.choice(
            (f"x.{name}={value}", f"x={value}", f'"{name.strip()} "={value}', f"{name}.y={value}")
        )
    elif kind == "swap":
        other = random.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines.insert(at, random.choice(LINES))
    return "\n".join(lines).encode("utf-8")
