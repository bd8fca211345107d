"""How long commands take that run no model, beside Python's own start."""

import sys

from speed.results import Found, Reading, reading
from speed.timing import Asked, ratio

PYTHON = "python -c pass"
COMMANDS = {
    PYTHON: ["-c", "pass"],
    "mechshift --version": ["-m", "mechshift", "--version"],
    "mechshift ls tasks": ["-m", "mechshift", "ls", "tasks"],
    "mechshift ls pairs": ["-m", "mechshift", "ls", "pairs"],
    "mechshift run --help": ["-m", "mechshift", "run", "--help"],
    "import mechshift": ["-c", "import mechshift"],
}


def measured(asked: Asked) -> Found:
    """Seconds of each command, and how many times as long as Python's own start."""
    rounds = 2 if asked.quick else 9
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, words in COMMANDS.items():
            seconds = asked.seconds_of_command([sys.executable, *words])
            if number:  # the first time files come from the disk
                times[name].append(seconds)
    readings: list[Reading] = []
    for name, each in times.items():
        readings.append(reading(name, each, "s"))
        if name != PYTHON:
            readings.append(ratio(f"{name} / {PYTHON}", each, times[PYTHON]))
    return Found(readings=tuple(readings))
