"""The benchmark as a dataset repository of the Hub: Parquet files, a card, and the list of its tasks."""

from collections.abc import Iterable, Sequence

from ..record.protocol import Protocol
from .card import dataset_card
from .portions import Portion, SuiteSubset, suite_subsets, task_subsets
from .publication import called
from .yaml import Node, to_yaml

FRAMEWORK = "mechshift"
"""The name of what evaluates models on this benchmark."""

_ABOUT = (
    "Does an autoregressive language model keep its mechanisms when it is post-trained into a masked "
    "diffusion model? The value is the overlap of the two models' circuits, averaged over the tasks of a "
    "suite: 0 is chance, 1 two samples of one model. A larger value is not a better model."
)


def dataset_files(portions: Sequence[Portion], protocols: Iterable[Protocol]) -> dict[str, bytes]:
    """The files of the repository by path; the same arguments give the same bytes.

    Each task at a level is a subset, and so is each suite of a protocol of which every task is there. These
    suites are the benchmark's tasks, which `eval.yaml` lists; without a whole suite there is no such file.
    """
    suites = list(suite_subsets(portions, protocols))
    files = {portion.path: portion.content for portion in portions}
    files["README.md"] = dataset_card(suites, list(task_subsets(portions))).encode()
    # Runs ask the evaluation split: a repository of training examples alone is no benchmark.
    asked = [suite for suite in suites if any(each.split == "evaluation" for each in suite.portions)]
    if asked:
        files["eval.yaml"] = to_yaml(_evaluation(asked)).encode()
    return files


def _evaluation(suites: Sequence[SuiteSubset]) -> dict[str, Node]:
    tasks: list[Node] = [{"id": suite.name, "config": suite.name, "split": "evaluation"} for suite in suites]
    said = " ".join(
        f"{suite.name}: the {suite.suite} tasks of {called(suite.protocol)}; {suite.extent}."
        for suite in suites
    )
    return {
        "name": "mechshift",
        "description": f"{_ABOUT} {said}",
        "evaluation_framework": FRAMEWORK,
        "tasks": tasks,
    }
