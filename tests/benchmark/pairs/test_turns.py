"""Members in memory one at a time: just what they are when both are there, and never both."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from build.checkpoints import write_checkpoint
from build.tokenizers import WORDS
from mechshift.benchmark.admission.checks import checks_of
from mechshift.benchmark.pairs.head_matching import maps_of
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import PairSpec, declare_pair
from mechshift.benchmark.pairs.turns import piece_of
from mechshift.errors import PairError

IN_TURN = Limits(in_turn=True, bounded=True)
TEXT = torch.tensor([[3, 4, 5, 6, 7, 8, 9]])


def written(folder: Path, kind: str) -> PairSpec:
    arm, mdm = (write_checkpoint(folder / name, kind, seed=seed) for seed, name in enumerate(("arm", "mdm")))
    return declare_pair(str(arm), str(mdm), name="mine")


def logits(member: Member) -> torch.Tensor:
    with torch.no_grad():
        return member.logits(member.hidden(member.embed(TEXT)))


def held(pair: Pair) -> list[bool]:
    """Of either member whether every parameter has its numbers; one that has only some of them is wrong."""
    found = []
    for member in pair.members:
        there = {parameter.device.type != "meta" for parameter in member.backbone.model.parameters()}
        assert len(there) == 1
        found.append(there.pop())
    return found


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3_moe"])
def test_each_is_what_it_is_beside_the_other(kind: str, tmp_path: Path) -> None:
    spec = written(tmp_path, kind)
    both, turns = open_pair(spec, "cpu"), open_pair(spec, "cpu", limits=IN_TURN)
    assert turns.movement == both.movement
    assert any(moved.change for moved in both.movement)
    assert (turns.arm_provenance, turns.mdm_provenance) == (both.arm_provenance, both.mdm_provenance)
    for index in (0, 1, 1, 0):
        turns.bring(turns.members[index])
        assert held(turns) == [index == 0, index == 1]
        assert torch.equal(logits(turns.members[index]), logits(both.members[index]))
        assert turns.device == both.device == torch.device("cpu")


def test_what_is_put_away_gives_no_number(tmp_path: Path) -> None:
    pair = open_pair(written(tmp_path, "llama"), "cpu", limits=IN_TURN)
    pair.bring(pair.mdm)
    with pytest.raises(RuntimeError, match="meta"):
        logits(pair.arm).tolist()


def test_what_is_put_away_is_freed(tmp_path: Path) -> None:
    pair = open_pair(written(tmp_path, "gpt2"), "cpu", limits=IN_TURN)
    pair.bring(pair.mdm)
    kept = maps_of(pair.mdm, copied=True)
    living = [weakref.ref(parameter) for parameter in pair.mdm.backbone.model.parameters()]
    pair.bring(pair.arm)
    gc.collect()
    assert not any(reference() is not None for reference in living)
    # Copies stay, and are of the member's own maps.
    pair.bring(pair.mdm)
    assert torch.equal(kept[0].query, pair.mdm.backbone.layers[0].query.weight)


def test_tied_rows_stay_tied(tmp_path: Path) -> None:
    pair = open_pair(written(tmp_path, "gpt2"), "cpu", limits=IN_TURN)
    for member in (*pair.members, pair.arm):
        pair.bring(member)
        assert member.backbone.head.weight is member.backbone.embedding.weight


@pytest.mark.parametrize("longer", ["arm", "mdm"])
def test_rows_that_one_alone_has_stay_cut_off(longer: str, tmp_path: Path) -> None:
    sizes = {name: {"vocabulary": len(WORDS) + 8} if name == longer else {} for name in ("arm", "mdm")}
    arm, control = (
        write_checkpoint(tmp_path / name, seed=seed, **sizes[name]) for seed, name in enumerate(sizes)
    )
    spec = declare_pair(str(arm), str(control), control=True)
    both, turns = open_pair(spec, "cpu"), open_pair(spec, "cpu", limits=IN_TURN)
    for ours, theirs in zip((*turns.members, turns.arm), (*both.members, both.arm), strict=True):
        turns.bring(ours)
        assert logits(ours).shape[-1] == len(WORDS)
        assert torch.equal(logits(ours), logits(theirs))
    assert turns.movement == both.movement


def test_every_check_is_made_of_either(tmp_path: Path) -> None:
    spec = written(tmp_path, "llama")

    def found(pair: Pair) -> list[tuple[str, str, str]]:
        return [(one.check, one.subject, one.verdict) for one in (check.make() for check in checks_of(pair))]

    usual = found(open_pair(spec, "cpu"))
    assert len(usual) == 12
    assert found(open_pair(spec, "cpu", limits=IN_TURN)) == usual


def test_files_that_are_written_anew_are_seen(tmp_path: Path) -> None:
    """Else a run would go on with other weights, under the keys of the first ones."""
    pair = open_pair(written(tmp_path, "llama"), "cpu", limits=IN_TURN)
    pair.bring(pair.mdm)
    other = write_checkpoint(tmp_path / "other", "llama", seed=5)
    (tmp_path / "arm" / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(PairError, match="written anew"):
        pair.bring(pair.arm)


def test_both_stay_where_there_is_room(tmp_path: Path) -> None:
    pair = open_pair(written(tmp_path, "llama"), "cpu", limits=Limits(share=0.25))
    pair.bring(pair.arm)
    assert held(pair) == [True, True]
    assert [member.share for member in pair.members] == [0.25, 0.25]


def test_a_piece_holds_the_largest_parameter() -> None:
    assert (piece_of(1000, 100), piece_of(1000, 600)) == (250, 600)


def test_the_members_of_a_pair_are_loaded_once_where_both_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in turn once more for every change of hands, of which a piece of the comparison takes two."""
    from mechshift.benchmark.pairs import loading

    asked: list[str] = []
    load: Callable[..., Member] = loading.load_member

    def counted(*given: object) -> Member:
        asked.append(str(given[2]))
        return load(*given)

    spec = written(tmp_path, "llama")
    monkeypatch.setattr(loading, "load_member", counted)
    open_pair(spec, "cpu")
    assert asked == ["arm", "mdm"]
    asked.clear()
    pair = open_pair(spec, "cpu", limits=IN_TURN)
    assert asked == ["arm", "mdm"] * (len(asked) // 2)
    assert len(asked) <= 2 * (1 + 5)
    asked.clear()
    pair.bring(pair.mdm)
    assert asked == []
