"""What both members do on a task, and which examples the rest is about."""

from ..missing import Missing
from ..number import Accuracy, Measured, Number
from ..quantity import COUNT, MEMBERS, Definition, Line, Section
from .of_task import of_member, of_pool

ACCURACY = Definition(
    "accuracy",
    "The share of the tried examples that the member solves with greedy decoding. Everything else is "
    "about the examples that both members solve.",
    low=0,
    high=1,
    larger="more examples solved",
    unit="share of examples",
    trap="If one member solves few, those are the easy ones, and the comparison is about easy examples.",
    regression="lower",
    counted=True,
)
_IN_PLACE = Definition(
    "accuracy of the MDM in place",
    "The same examples, with the gap left open inside the text instead of being asked for after it. Only "
    "the MDM can be asked this way, and this accuracy is not part of the comparison. If it is low "
    "although the accuracy is high, the MDM was not trained on this form.",
    low=0,
    high=1,
    larger="more examples solved",
    unit="share of examples",
    regression="lower",
    counted=True,
)
_POOL = Definition(
    "pool / discovery / evaluation",
    "The examples that both members solve, those that circuits were found on, and those that circuits "
    "were judged on. The halves are disjoint unless the protocol says otherwise. No prompt occurs twice.",
    low=0,
    larger="more examples",
    unit="examples",
)
_TEMPLATES = Definition(
    "templates",
    "Wordings in the pool. With fewer than ten, wordings are held fixed, and intervals say nothing about "
    "other wordings.",
    low=0,
    larger="more wordings",
    unit="wordings",
)
_UNFIT = Definition(
    "unfit / solved in another form",
    "Counts of the examples tried. Unfit: this tokenizer cannot express the clean and the corrupted "
    "prompt at one length, or both were asked before, each in the other's place; the record lists the "
    "reasons. In another form: both members are right, but with text other than the reference answer. Both "
    "kinds are left out.",
    low=0,
    larger="more examples left out",
    unit="examples",
    trap="If there are many of either, the pool is a selected sample.",
)
_METRIC = Definition(
    "metric, clean / corrupted",
    "Mean of answer minus foil over the discovery half: logits, or for `greater-than` probabilities in "
    "[−1, 1]. The gap between clean and corrupted is what the scores of the input's edges should add up "
    "to.",
    larger="more confident in the answer",
    unit="logits, or probability",
    trap="The gap that faithfulness is divided by is the same difference on other examples, so it "
    "differs a little from this one. And the logits of two models have no common scale, so do not "
    "subtract them.",
)


def _share(found: Accuracy | Missing) -> Measured:
    return found if isinstance(found, Missing) else found.share


_ARM = of_pool("accuracy_arm", lambda p: _share(p.arm), ACCURACY, label="accuracy, ARM", member="ARM")
_MDM = of_pool("accuracy_mdm", lambda p: _share(p.mdm), ACCURACY, label="accuracy, MDM", member="MDM")

BEHAVIOUR = Section(
    "Behaviour",
    (
        Line(_ARM.label, (_ARM,)),
        Line(_MDM.label, (_MDM,)),
        Line(
            _IN_PLACE.title,
            (of_pool("accuracy_mdm_in_place", lambda p: _share(p.mdm_in_place), _IN_PLACE, member="MDM"),),
        ),
        Line(
            _POOL.title,
            (
                of_pool("pool", lambda p: Number(value=p.common), _POOL, COUNT, "pool"),
                of_pool("discovery", lambda p: Number(value=p.discovery), _POOL, COUNT, "discovery"),
                of_pool("evaluation", lambda p: Number(value=p.evaluation), _POOL, COUNT, "evaluation"),
            ),
        ),
        Line(
            _TEMPLATES.title,
            (of_pool("templates", lambda p: Number(value=p.templates), _TEMPLATES, COUNT),),
        ),
        Line(
            _UNFIT.title,
            (
                of_pool("unfit", lambda p: Number(value=sum(p.unfit.values())), _UNFIT, COUNT, "unfit"),
                of_pool(
                    "other_form",
                    lambda p: Number(value=p.other_form),
                    _UNFIT,
                    COUNT,
                    "solved in another form",
                ),
            ),
        ),
        *(
            Line(
                f"{member} metric, clean / corrupted",
                (
                    of_member(
                        "clean", member, lambda m: Number(value=m.clean), _METRIC, title="clean metric"
                    ),
                    of_member(
                        "corrupted",
                        member,
                        lambda m: Number(value=m.corrupted),
                        _METRIC,
                        title="corrupted metric",
                    ),
                ),
            )
            for member in MEMBERS
        ),
    ),
)
