"""Whether all prompts of a task are answered by one circuit."""

from ..quantity import COUNT, MEMBERS, POINT, Definition, Line, Owner, Section, entry
from ..task_record import TaskResult
from .of_task import of_each, of_member

_CLUSTERS = Definition(
    "clusters of prompts",
    "How many clusters the groups of prompts form, by the directions of their scores: of 2 to 6 the number "
    "with the largest silhouette.",
    low=2,
    span="2 to 6",
    larger="more different circuits",
    unit="clusters",
    trap="A best division always exists. Where p is above .05, the groups are one cluster as far as can be "
    "told, and this number means nothing.",
)
_SILHOUETTE = Definition(
    "silhouette / of one circuit",
    "How far these clusters lie apart, and what 95 % of divisions of groups without clusters stay below. The "
    "latter are drawn from one cloud of directions, in which edges vary together as they do here.",
    low=-1,
    high=1,
    larger="the clusters lie further apart",
    unit="mean silhouette",
)
_P = Definition(
    "p of the clusters",
    "The share of divisions of groups without clusters whose silhouette is as large, of 99 and the one that "
    "was found.",
    low=0,
    high=1,
    larger="less sign of more than one circuit",
    unit="share of divisions",
    trap="Clusters can be templates or words, and need not be two ways to compute. Where there are many "
    "templates of few groups each, groups of one template lie close together, and p can be small without two "
    "clear clusters; where the cancellation ratio is below .8, it is too small. And there is a p for every "
    "task and member: one in twenty is below .05 by chance.",
)
_CANCELLATION = Definition(
    "cancellation ratio",
    "Of all edges, the absolute sum of the groups' mean scores over the sum of their absolute values.",
    low=0,
    high=1,
    larger="groups agree on the signs of their scores",
    unit="share of absolute score",
    trap="Noise of the prompts cancels too: alone it gives about 1 over the root of the number of groups.",
)


def _silhouette(member: Owner) -> Line[TaskResult]:
    found = of_member(
        "silhouette", member, lambda m: entry(m.heterogeneity, "silhouette"), _SILHOUETTE, POINT, "silhouette"
    )
    null = of_member(
        "silhouette_null",
        member,
        lambda m: entry(m.heterogeneity, "silhouette_null"),
        _SILHOUETTE,
        POINT,
        "silhouette of one circuit",
    )
    return Line(f"{_SILHOUETTE.title}, {member}", (found, null))


HETEROGENEITY = Section(
    "One circuit or several",
    (
        *of_each("clusters", lambda m: entry(m.heterogeneity, "clusters"), _CLUSTERS, COUNT),
        *map(_silhouette, MEMBERS),
        *of_each("clusters_p", lambda m: entry(m.heterogeneity, "p"), _P),
        *of_each("cancellation", lambda m: entry(m.heterogeneity, "cancellation"), _CANCELLATION),
    ),
)
