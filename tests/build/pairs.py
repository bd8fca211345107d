"""Two members as a loaded pair."""

from build.tokenizers import letters_tokenizer
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair, Provenance
from mechshift.benchmark.pairs.spec import MemberSpec, PairSpec


def pair_of(arm: Member, mdm: Member) -> Pair:
    """Two members as a loaded pair, with the tokenizer of letters."""
    spec = PairSpec(
        "letters",
        MemberSpec("org/arm"),
        MemberSpec("org/mdm", attention=mdm.attention, shift=mdm.shift, mask_token="[MASK]"),
    )
    described = [
        Provenance(f"org/{role}", "main", f"digest of {role}", "LlamaForCausalLM", "float32")
        for role in ("arm", "mdm")
    ]
    return Pair(spec, arm, mdm, letters_tokenizer(), "digest of letters", False, *described, ())
