"""Golden fingerprints of the tasks, and the command that writes them anew: `python tests/tasks/golden.py`.

With names of tasks behind it, the command writes the entries of these alone.

`golden.toml` holds each task's version and, for each level, SHA-256 fingerprints of its first examples of the
evaluation and of the training split, and of the checker's verdicts on outputs made from the former. A
comment moves none of them. Whatever does move one has to raise the version in the task's card: the command
refuses to write until it is raised.

`examples` is how many of each split a level is held to. To change it, write the level without fingerprints
and run the command, which fills them in; a new level gets them without more ado.
"""

import hashlib
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import tomli_w

from mechshift.tasks import Example, Task, get_task, list_tasks
from mechshift.tasks.export import fingerprint

FILE = Path(__file__).with_name("golden.toml")
COMMAND = "python tests/tasks/golden.py"
HEADING = f"# Written by `{COMMAND}`, which says what the fingerprints are of.\n\n"
SEED = 0
EXAMPLES = 300
CHECKED = 50
"""How many examples of a level the checker is tried on: a rule of its own shows within a few."""

KINDS = {
    "evaluation": "evaluation examples",
    "training": "training examples",
    "verdicts": "checker's verdicts",
}

Entry = dict[str, Any]
Golden = dict[str, dict[str, Any]]
UNKNOWN: Entry = {"version": 0, "levels": {}}
"""What the file would say of a task that it does not have."""


def recorded() -> Golden:
    """What `golden.toml` says: by task, its `version` and its `levels`."""
    found: Golden = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return found


def fingerprints(task: Task, level: str, number: int) -> dict[str, str]:
    """SHA-256 of a level's first examples of either split (all where there are fewer) and of verdicts."""
    asked = tuple(islice(task.examples(SEED, "evaluation", level), number))
    trained = islice(task.examples(SEED, "training", level), number)
    verdicts = "".join(str(int(task.check(*pair))) for pair in outputs(asked[:CHECKED]))
    return {
        "evaluation": fingerprint(asked),
        "training": fingerprint(trained),
        "verdicts": hashlib.sha256(verdicts.encode()).hexdigest(),
    }


def outputs(examples: Sequence[Example]) -> Iterator[tuple[Example, str]]:
    """Each example with outputs that a checker has to tell apart; the same ones for the same examples."""
    for index, example in enumerate(examples):
        another = examples[index - 1]
        answer, foil, bare = example.answer, example.foil, example.answer.strip()
        texts = [
            *(answer, foil, *example.answers, *example.foils, another.answer, another.foil),
            *("", " ", example.clean, example.corrupted, example.clean + answer),
            *(bare, f"\n\n {bare}", f"{answer}\nand more", f"{answer}\n{foil}", f"{foil}\n{answer}"),
            *(f"{answer} and more", answer + foil, foil + answer, f"the{answer}", answer * 2),
            *(f"{answer}{mark}" for mark in (".", "!", '"', "s", "7", " 7", "=", ")", "\x00")),
            *(f"{mark}{bare}{mark}" for mark in ('"', "'", "*", "\u200b")),
            *(f"({bare})", " ".join(bare), "".join(answer.split()), ", ".join(answer.split())),
            *(bare.upper(), bare.lower(), bare[1:], bare[:-1], bare[::-1]),
            *_rearranged(answer, foil),
        ]
        yield from ((example, text) for text in texts)


def _rearranged(answer: str, foil: str) -> Iterator[str]:
    """The answer with two of its words (terms, rows, nodes) exchanged, one left out, or one of the foil's."""
    words, others = (re.split(r"(\w+)", text) for text in (answer, foil))
    places = range(1, len(words), 2)
    for one, other in combinations(places, 2):
        exchanged = words.copy()
        exchanged[one], exchanged[other] = words[other], words[one]
        yield "".join(exchanged)
    for place in places:
        yield "".join([*words[:place], *words[place + 1 :]])
        yield "".join([*words[:place], *others[place : place + 1], *words[place + 1 :]])


def problem(task: Task, level: str, golden: Golden) -> str | None:
    """How a level differs from the golden file and what its author has to do, None where it does not."""
    version, before = task.card.version, golden.get(task.card.name, UNKNOWN)
    entry = before["levels"].get(level, {})
    found = _measured(task, level, entry)
    changed = _changed(entry, found)
    if changed and version <= before["version"]:
        return (
            f"{_named(task, level)}: the {changed} are not those of version {before['version']}. If they are "
            f"meant to change, raise `version` in the card of {task.card.name!r} and run `{COMMAND}`"
        )
    if found != entry or version != before["version"]:
        return f"{_named(task, level)}: {FILE.name} does not have version {version} of it: run `{COMMAND}`"
    return None


def written_anew(golden: Golden, tasks: Iterable[Task]) -> tuple[Golden, list[str]]:
    """The golden file of the tasks as they are, and what forbids to write it, such as an old version."""
    anew: Golden = {}
    refused: list[str] = []
    for task in tasks:
        version, before = task.card.version, golden.get(task.card.name, UNKNOWN)
        entries = {level: before["levels"].get(level, {}) for level in task.card.levels}
        levels = {level: _measured(task, level, entry) for level, entry in entries.items()}
        anew[task.card.name] = {"version": version, "levels": levels}
        if version < before["version"]:
            refused.append(f"task {task.card.name!r}: version {version} is below {before['version']}")
        if version <= before["version"]:
            changes = [(level, _changed(entry, levels[level])) for level, entry in entries.items()]
            refused += [f"{_named(task, level)}: the {kinds} changed" for level, kinds in changes if kinds]
            # What was measured at a level that is gone can no longer be measured again.
            refused += [f"{_named(task, level)} is gone" for level in before["levels"] if level not in levels]
    return anew, refused


def _measured(task: Task, level: str, entry: Entry) -> Entry:
    number = entry.get("examples", EXAMPLES)
    return {"examples": number, **fingerprints(task, level, number)}


def _changed(entry: Entry, found: Entry) -> str:
    """What has a fingerprint in the entry and another one now, in words."""
    kinds = [kind for kind in KINDS if kind in entry and entry[kind] != found[kind]]
    return " and the ".join(KINDS[kind] for kind in kinds)


def _named(task: Task, level: str) -> str:
    return f"task {task.card.name!r}, level {level!r}"


def main(*names: str) -> int:
    """Write `golden.toml` anew, of the named tasks alone where there are any; all others keep their entries.

    1, and no file written, where a task changed without a higher version.
    """
    golden, tasks = recorded(), list_tasks()
    anew, refused = written_anew(golden, map(get_task, names) if names else tasks)
    if refused:
        print(*refused, sep="\n", file=sys.stderr)
        print("nothing is written: raise `version` in the cards of these tasks first", file=sys.stderr)
        return 1
    found = golden | anew
    ordered = {task.card.name: found[task.card.name] for task in tasks if task.card.name in found}
    FILE.write_text(HEADING + tomli_w.dumps(ordered), encoding="utf-8", newline="\n")
    print(f"{FILE} is of {', '.join(names) or 'the tasks'} as they are")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
