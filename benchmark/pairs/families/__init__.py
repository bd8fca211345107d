"""The families of models that a pair can be of: a newcomer is a file of its own here, and a line below."""

from transformers import PreTrainedModel

from ....errors import PairError
from ..backbones import Backbone
from .family import Family, Variant
from .gpt2 import GPT2
from .llama import LLAMA

FAMILIES: tuple[Family, ...] = (GPT2, LLAMA)

CLASSES: dict[str, type[PreTrainedModel]] = {
    kind: native for family in FAMILIES for kind, native in family.classes.items()
}
"""Native class by the `model_type` of its configuration."""

VARIANTS: dict[str, Variant] = {
    published: variant for family in FAMILIES for published, variant in family.variants.items()
}
"""What is published under a `model_type` of its own and loads as a native class."""


def family_of(model: PreTrainedModel | type[PreTrainedModel]) -> Family:
    """The family that a native model or class is of. Raises PairError for a class that no family has."""
    native = model if isinstance(model, type) else type(model)
    for family in FAMILIES:
        if issubclass(native, tuple(family.classes.values())):
            return family
    raise PairError(
        f"no backbone reader for {native.__name__}",
        f"supported: {', '.join(each.__name__ for each in CLASSES.values())}",
    )


def read_backbone(model: PreTrainedModel) -> Backbone:
    """The backbone of a native model. Raises PairError for a class that no family has."""
    return family_of(model).read(model)
