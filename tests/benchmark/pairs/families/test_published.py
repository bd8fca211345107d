"""Every family's layout loads through its registry entry, passes all checks and is run to a record."""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import torch

from build.families.each import EVERY_FAMILY, of_families
from build.families.published import FAMILIES
from build.families.words import make_tokenizer, size
from build.families.writing import NATIVE, RAN, mask_id_of
from mechshift.benchmark.admission.examination import Examination
from mechshift.benchmark.pairs.families import VARIANTS
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import list_pairs
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.run.run import run

Examined = Callable[[str], Examination]
Loaded = Callable[[str], Pair]
DTYPES = {"dream": torch.bfloat16, "dream-coder": torch.bfloat16}


def test_every_published_model_type_is_of_a_family() -> None:
    own = {"llama", "qwen2", "qwen3", "gpt2"}
    of_arms = {name for name, variant in VARIANTS.items() if not variant.mdm}
    assert {family.model_type for family in FAMILIES.values()} == {*VARIANTS, *own} - {"a2d-llama", *of_arms}
    assert of_arms == {"mistral3"}


@EVERY_FAMILY
def test_a_family_behaves_as_its_entry_declares(name: str, examined: Examined) -> None:
    found, family = examined(name), FAMILIES[name]
    # Nothing shows that what attends as an ARM does is none.
    verdict = "undecided" if family.attention == "causal" else "passed"
    assert [finding.verdict for finding in found.findings[:-1]] == ["passed"] * (len(found.findings) - 1)
    assert found.findings[-1].verdict == verdict
    behaviour = found.behaviour
    assert behaviour is not None
    assert (behaviour.verdict, behaviour.better) == (verdict, None)
    assert (behaviour.declared.shift, str(behaviour.declared.attention)) == (family.shift, family.attention)


@EVERY_FAMILY
def test_a_family_loads_as_its_entry_declares(name: str, loaded: Loaded) -> None:
    pair, family = loaded(name), FAMILIES[name]
    assert [str(member.attention) for member in pair.members] == ["causal", family.attention]
    assert [member.shift for member in pair.members] == [True, family.shift]
    assert pair.mdm.mask_id == mask_id_of(family)
    assert pair.ordinary_mask == family.ordinary
    assert pair.mdm_provenance.native == NATIVE[family.kind]
    assert {member.backbone.dtype for member in pair.members} == {DTYPES.get(name, torch.float32)}
    arm, mdm = (member.backbone.head.weight is member.backbone.embedding.weight for member in pair.members)
    assert (arm, mdm) == (family.tied or family.beside_images, family.tied)
    assert not list(Path(pair.spec.mdm.checkpoint).glob(RAN))


# Of families that are the same files under other entries one is enough.
DISTINCT = tuple(
    {repr(replace(family, pair="")): name for name, family in reversed(FAMILIES.items())}.values()
)
# A task of the one suite and of the other in turn, families of like checkpoints standing next to each other.
SUITES = dict(zip(DISTINCT, cycle(["ioi", "infilling"]), strict=False))


@of_families(DISTINCT)
def test_a_family_is_run_to_a_record(
    name: str, loaded: Loaded, small_protocol: Callable[..., Protocol], tmp_path: Path
) -> None:
    pair = loaded(name)
    sizes = {"pool": 8, "candidates": 1, "groups": 4, "resamples": 10, "splits": 2}
    few = small_protocol(grid=(0.001, 1.0), components=1, steps=1, **sizes)
    record = run(pair, few, tmp_path, [SUITES[name]])
    assert [task.task for task in record.tasks] == [SUITES[name]]
    assert record.failed == ()
    assert tuple(record.pair.confounds) == list_pairs()[FAMILIES[name].pair].spec.confounds


@of_families(["diffugpt-m"])
def test_the_mask_of_diffugpt_m_is_a_row_that_the_arm_lacks(name: str, loaded: Loaded) -> None:
    pair = loaded(name)
    arm, mdm = (len(member.backbone.embedding.weight) for member in pair.members)
    assert (arm, mdm, pair.mdm.mask_id) == (size(make_tokenizer("gpt2")),) * 1 + (arm + 1, arm)
