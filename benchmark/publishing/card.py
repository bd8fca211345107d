"""The card of the benchmark's dataset repository: what the Hub reads first, then what a person does."""

from bisect import bisect_right
from collections.abc import Sequence

from ...tasks import Task
from .portions import Portion, Subset, SuiteSubset
from .publication import called
from .yaml import Node, to_yaml

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
CATEGORIES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")
"""How the Hub words the number of examples, by the bounds of SIZES."""


def dataset_card(suites: Sequence[SuiteSubset], tasks: Sequence[Subset]) -> str:
    """The text of README.md: the metadata that the Hub reads, then what is in the repository and whence."""
    # A portion may be in a suite as well, so that it is counted by its task.
    portions = [portion for subset in tasks for portion in subset.portions]
    used = list({portion.task.card.name: portion.task for portion in portions}.values())
    parts = [
        f"---\n{to_yaml(_metadata([*suites, *tasks], portions, used))}---\n",
        _INTRODUCTION,
        _loading(tasks[0]),
        _suites(suites),
        _portions(portions),
        _tasks(used),
        _FIELDS,
    ]
    return "\n".join(part for part in parts if part)


def _metadata(
    subsets: Sequence[Subset], portions: Sequence[Portion], tasks: Sequence[Task]
) -> dict[str, Node]:
    examples = sum(portion.examples for portion in portions)
    configs: list[Node] = [
        {"config_name": subset.name, "data_files": _data_files(subset)} for subset in subsets
    ]
    return {
        "pretty_name": "mechshift",
        "license": sorted({_licence(task) for task in tasks}),
        "language": ["en"],
        "size_categories": [CATEGORIES[bisect_right(SIZES, examples)]],
        "task_categories": ["text-generation"],
        "tags": ["benchmark", "circuits", "diffusion language models", "interpretability"],
        "configs": configs,
    }


def _data_files(subset: Subset) -> list[Node]:
    splits = dict.fromkeys(portion.split for portion in subset.portions)
    return [
        {"split": split, "path": [each.path for each in subset.portions if each.split == split]}
        for split in splits
    ]


def _licence(task: Task) -> str:
    """The licence as the Hub has it: `apache-2.0` of "Apache-2.0 (generated)"."""
    return task.card.licence.split()[0].lower()


_INTRODUCTION = """\
# mechshift

Prompts of the benchmark mechshift, which asks whether an autoregressive language model keeps its mechanisms
when it is post-trained into a masked diffusion model. Every example has a clean and a corrupted prompt, which
differ only in what decides the answer. The package generates them; these files are for readers and for other
programs.

Task, level, version, seed and split determine the examples. A hash of their contents divides them between the
splits: runs use `evaluation`, and models may be trained on `training`.
"""

_FIELDS = """\
## Fields

| field | holds |
|---|---|
| `clean`, `corrupted` | the two prompts |
| `answer`, `foil` | how the clean prompt continues, and what the corrupted one is answered with |
| `answers`, `foils` | the sets that count where the metric is over sets, else empty |
| `metric` | what is measured of the next tokens |
| `variant`, `template` | surface form, and the wording within it |
| `contents` | what decides the split that the example belongs to |
| `in_place` | the question as a text with a hole, for masked diffusion models; null where there is none |
"""


def _loading(first: Subset) -> str:
    split = first.portions[0].split
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'examples = load_dataset("ORG/NAME", "{first.name}", split="{split}")\n```\n'
    )


_ABOUT_SUITES = """\
## Suites

A model has one value for each suite: how much its circuits overlap those of the model that it was
post-trained from, averaged over the suite's tasks. 0 is chance, 1 two samples of one model. It is not a
score: a larger value means that more was kept, not that a model is better. In these subsets the tasks follow
one another in the order of the table.

"""

_ABOUT_FILES = """\
## Files

Results on different versions of a task are never compared. The fingerprint is the SHA-256 of the examples.

"""


def _suites(suites: Sequence[SuiteSubset]) -> str:
    """The suites with their protocols and tasks; empty where none is whole."""
    rows = [
        (
            f"`{suite.name}`",
            called(suite.protocol),
            ", ".join(dict.fromkeys(p.subset for p in suite.portions)),
        )
        for suite in suites
    ]
    if not rows:
        return ""
    extents = "".join(f"\n`{suite.name}`: {suite.extent}.\n" for suite in suites)
    return _ABOUT_SUITES + _table(("subset", "protocol", "its tasks"), rows) + extents


def _portions(portions: Sequence[Portion]) -> str:
    rows = [
        (
            f"`{portion.subset}`",
            portion.split,
            str(portion.examples),
            str(portion.task.card.version),
            str(portion.seed),
            f"`{portion.fingerprint}`",
        )
        for portion in portions
    ]
    heads = ("subset", "split", "examples", "version of the task", "seed", "fingerprint")
    return _ABOUT_FILES + _table(heads, rows)


def _tasks(tasks: Sequence[Task]) -> str:
    rows = [
        (f"`{card.name}`", card.suite, card.measures, card.metric, card.source, card.licence)
        for card in (task.card for task in tasks)
    ]
    return f"## Tasks\n\n{_table(('task', 'suite', 'measures', 'metric', 'source', 'licence'), rows)}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
