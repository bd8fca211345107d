"""Under which variations what is stated of a pair is another thing, in words."""

from ..record.missing import Missing
from ..record.robustness import Robustness, VerdictOn
from .cells import plain
from .layout import WIDTH, wrapped


def marks_text(found: Robustness | Missing, width: int = WIDTH) -> str:
    """Of either suite's verdict: under how many variations it holds, and under which it is another one."""
    if isinstance(found, Missing):
        return wrapped(f"Robustness not told: {plain(found.missing)}", width)
    lines = [f"Robustness, {len(found.variations)} variations:"]
    for name, said in found.base.judged.suites.items():
        holds, judged = found.holding("suites", name)
        if not judged:
            lines.append(
                wrapped(f"{plain(name)}: {plain(said)}, and no variation has what it takes", width, "  ")
            )
            continue
        text = f"{plain(name)}: {plain(said)} holds under {holds} of {judged} variations"
        if changes := changes_text(found, "suites", name):
            text += f"; {changes}"
        lines.append(wrapped(text, width, "  "))
    return "\n".join(lines)


def changes_text(found: Robustness, which: VerdictOn, name: str) -> str:
    """`changes under: m = 5 (undecided), zero (rebuilt)`; empty where nothing changes."""
    changes = found.changes_under(which, name)
    listed = ", ".join(f"{plain(variation)} ({plain(said)})" for variation, said in changes.items())
    return f"changes under: {listed}" if listed else ""
