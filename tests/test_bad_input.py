"""Bad input ends in a message that fits a screen and exit code 2 or 3, and leaves nothing half-written."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaModel

from build.models import random_model
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.run.run import run
from mechshift.tasks import Task, get_task, list_tasks
from mechshift.tasks.example import Draw, Example, InPlace

Command = Callable[..., Any]
Limit = Callable[[int], AbstractContextManager[None]]
Refused = Callable[..., None]
Derive = Callable[..., Path]
Content = dict[str, Any]
LINES = 15


@pytest.fixture
def refused(command: Command, tmp_path: Path) -> Refused:
    """Runs a command that has to fail, with a code and texts of its message, and looks at what is left."""

    def check(code: int, *arguments: object, says: tuple[str, ...], cells: bool = False) -> None:
        before = set(tmp_path.rglob("*"))
        done = command(*arguments)
        assert (done.code, done.out) == (code, "")
        assert 1 < len(done.err.splitlines()) < LINES
        assert "Traceback" not in done.err
        for text in says:
            assert text in " ".join(done.err.replace("│", " ").split())
        made = set(tmp_path.rglob("*")) - before
        assert cells or made == set()
        left = [path for path in made if path.is_file()]
        # A pair that solves too little leaves a record of that, beside the cells.
        kept = [path for path in left if "cells" in path.parts or path.name.endswith("-partial.json")]
        assert set(left) == set(kept)
        assert [path for path in left if path.suffix == ".partial"] == []

    return check


@pytest.fixture
def derive(tiny: Pair, tmp_path: Path) -> Derive:
    """Writes the reference ARM anew, with changes to its JSON files or weights."""

    def write(
        name: str = "changed",
        config: Callable[[Content], object] = lambda content: None,
        tokenizer: Callable[[Content], object] = lambda content: None,
        special: Callable[[Content], object] = lambda content: None,
        weights: Callable[[dict[str, Tensor]], object] = lambda state: None,
    ) -> Path:
        folder = tmp_path / name
        shutil.copytree(tiny.spec.arm.checkpoint, folder)
        changes = {"config": config, "tokenizer": tokenizer, "tokenizer_config": special}
        for file, change in changes.items():
            content = json.loads((folder / f"{file}.json").read_text())
            change(content)
            (folder / f"{file}.json").write_text(json.dumps(content))
        state = load_file(folder / "model.safetensors")
        weights(state)
        save_file(state, folder / "model.safetensors", {"format": "pt"})
        return folder

    return write


def run_pair(arm: Path, mdm: Path | None = None, task: str = "infilling") -> tuple[object, ...]:
    return "run", "--task", task, "--arm", arm, "--mdm", mdm or arm


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("run --task iio", ("unknown task 'iio'", "did you mean ioi or induction?")),
        ("run --pair tinny", ("unknown pair 'tinny'", "did you mean tiny or tiny-block or tiny-seed-5?")),
        ("run --protocol papers", ("unknown protocol 'papers'", "did you mean paper?")),
        ("run --suite locals", ("unknown suite 'locals'", "did you mean local?")),
        (
            "run --task zebra",
            ("unknown task 'zebra'", f"known: {', '.join(task.card.name for task in list_tasks())}"),
        ),
        ("run --task ioi --level abc2", ("level 'abc2' of task 'ioi'", "its levels are abc, abb")),
        ("run --task ioi --suite local", ("--suite and --task",)),
        ("run --pair tiny --arm a --mdm b", ("--pair names a listed pair",)),
        ("run --arm a", ("--mdm is missing", "give both")),
        ("run --mdm a", ("--arm is missing", "give both")),
        ("run --no-shift", ("--no-shift would declare something about pair tiny",)),
        ("run --mask-token 5 --attention full", ("--attention, --mask-token would declare",)),
        ("run --arm a --mdm b --attention half", ("attention 'half' is not known", "block:32")),
        ("run --pair tiny --as-control", ("--as-control would declare something about pair tiny",)),
        (
            "run --arm a --mdm b --as-control --attention full",
            ("declared with attention full", "leave out what says otherwise"),
        ),
        ("run --arm a --mdm b --mask-token=", ("--mask-token is empty",)),
        ("run --arm ./a --mdm ./b", ("./a is not a directory",)),
        ("run --arm a --mdm b --revision=", ("--revision is empty",)),
        ("run --arm a@ --mdm b", ("the revision of --arm is empty",)),
        ("run --arm a@v2 --mdm b --arm-revision v2", ("--arm a@v2 and --arm-revision both name a revision",)),
        ("run --revision v2 --arm-revision v2", ("is a local directory, and revision 'v2'", "leave it out")),
        (
            "run --arm . --mdm . --arm-revision v2",
            (". is a local directory, and revision 'v2'", "leave it out"),
        ),
        (
            "run --arm org/base@v2 --mdm org/diffusion --offline",
            ("has no hub model 'org/base' at revision 'v2' (offline)", "hf download org/base --revision v2"),
        ),
        ("run --device abacus", ("device abacus cannot be used",)),
        ("run --batch 0", ("--batch",)),
        ("run --batch many", ("--batch",)),
        ("run --nonsense", ("No such option: --nonsense",)),
        ("walk", ("No such command 'walk'",)),
        ("ls task", ("'tasks', 'pairs', 'protocols'",)),
        ("tasks import", ("No such command 'import'",)),
        ("tasks export", ("no task was named", "--suite")),
        ("tasks export ioi --suite local", ("task names and --suite both", "give one of them")),
        ("tasks export ioi iio", ("unknown task 'iio'", "did you mean ioi")),
        ("tasks export --suite locals", ("unknown suite 'locals'", "did you mean local?")),
        ("tasks export ioi countdown --level abc", ("level 'abc' of task 'countdown'", "levels are small")),
        ("tasks export ioi --n 0", ("--n",)),
        ("tasks export ioi --n many", ("--n",)),
        ("tasks export ioi --seed one", ("--seed",)),
        ("tasks export ioi --split train", ("--split", "evaluation", "training")),
        (
            "tasks export arithmetic --level two --n 5000",
            ("task 'arithmetic' has 1168", "not 5000", "ask for at most 1168"),
        ),
        ("leaderboard nowhere", ("nowhere is not a folder",)),
        ("leaderboard . --format html", ("text", "github", "latex", "csv")),
        ("leaderboard .", ("holds no submission",)),
        (
            "leaderboard . --protocol paper",
            ("holds no record of protocol paper", "run the pair under protocol paper"),
        ),
        ("leaderboard . --protocol papers", ("unknown protocol 'papers'", "did you mean paper?")),
        ("leaderboard . --protocol quick", ("no board takes protocol quick", "or paper for records")),
        ("show", ("Missing argument",)),
    ],
)
def test_wrong_usage_is_explained(arguments: str, says: tuple[str, ...], refused: Refused) -> None:
    refused(2, *arguments.split(), says=says)


def test_more_examples_than_a_number_can_count(refused: Refused, register: Callable[[Task], None]) -> None:
    """Of a task that has three, so that nothing takes long but to count them."""
    task = get_task("arithmetic")
    three = list(islice(task.examples(0), 3))
    register(replace(task, draw=lambda given: given.rng.choice(three)))
    says = ("task 'arithmetic' has 3", f"not {'9' * 20}", "ask for at most 3")
    refused(2, "tasks", "export", "arithmetic", "--n", "9" * 20, says=says)


@pytest.mark.parametrize("content", [None, "{", "{}", '{"schema_version": 2}'])
def test_what_is_no_record_is_not_shown(content: str | None, refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    if content is not None:
        path.write_text(content)
    refused(3, "show", path, says=(str(path),))


@pytest.mark.parametrize("out", ["results", "deeper/results", "empty"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--pair tinny", "unknown pair"),
        ("--arm ./a --mdm ./b", "is not a directory"),
        ("--task ioi --level huge", "level 'huge'"),
        ("--device abacus", "device abacus cannot be used"),
    ],
)
def test_an_output_folder_is_left_as_it_was(
    arguments: str, says: str, out: str, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    refused(2, "run", *arguments.split(), "--out", tmp_path / out, says=(says,))
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_directory_that_is_no_model(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(2, *run_pair(tmp_path / "empty"), says=("holds no model: config.json is missing",))


def test_weights_that_are_cut_off(refused: Refused, derive: Derive) -> None:
    folder = derive()
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    refused(2, *run_pair(folder), says=("no whole safetensors file",))


def test_members_of_different_shape(refused: Refused, derive: Derive, tiny: Pair) -> None:
    layers = tiny.arm.backbone.shape.layers

    def shorten(state: dict[str, Tensor]) -> None:
        for name in [name for name in state if f".layers.{layers - 1}." in name]:
            del state[name]

    other = derive(config=lambda c: c.update(num_hidden_layers=layers - 1), weights=shorten)
    expected = f"layers {layers} and {layers - 1}"
    refused(2, *run_pair(Path(tiny.spec.arm.checkpoint), other), says=(expected, "--arm"))


def test_a_family_that_is_post_norm(refused: Refused, derive: Derive) -> None:
    folder = derive(config=lambda content: content.update(model_type="olmo2"))
    refused(2, *run_pair(folder), says=("is a 'olmo2' model", "pre-norm transformers"))


def test_blocks_that_are_post_norm(refused: Refused, derive: Derive, monkeypatch: pytest.MonkeyPatch) -> None:
    def post_norm(self: Any, hidden_states: Tensor, **arguments: Any) -> Tensor:
        attended, _ = self.self_attn(hidden_states=hidden_states, **arguments)
        hidden_states = hidden_states + self.input_layernorm(attended)
        fed: Tensor = hidden_states + self.post_attention_layernorm(self.mlp(hidden_states))
        return fed

    monkeypatch.setattr(LlamaDecoderLayer, "forward", post_norm)
    refused(2, *run_pair(derive()), says=("is not the sum of what was written before it", "no post-norm"))


def test_a_class_that_ignores_the_mask(
    refused: Refused, derive: Derive, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = LlamaModel.forward

    def stays_causal(self: Any, attention_mask: Tensor, **arguments: Any) -> Any:
        return forward(self, attention_mask=None, **arguments)

    monkeypatch.setattr(LlamaModel, "forward", stays_causal)
    says = "the MDM is declared with attention full", "does not follow its 4-D mask"
    refused(2, *run_pair(derive()), says=says)


def test_a_mask_token_that_nothing_names(refused: Refused, derive: Derive) -> None:
    folder = derive(special=lambda content: content.pop("mask_token"))
    refused(2, *run_pair(folder), says=("mask token is not declared", "--mask-token"))


def test_a_mask_token_that_is_no_token(refused: Refused, derive: Derive, tiny: Pair) -> None:
    says = (
        "the mask token '<|msk|>' is not in the MDM's tokenizer",
        f"did you mean {tiny.tokenizer.mask_token}",
    )
    refused(2, *run_pair(derive()), "--mask-token", "<|msk|>", says=says)
    other = ("the MDM's own files name id 2", "leave --mask-token (in Python mask_token=) out")
    refused(2, *run_pair(derive("again")), "--mask-token", "99999", says=other)
    unnamed = without_a_named_mask(derive("unnamed"))
    refused(2, *run_pair(unnamed), "--mask-token", "99999", says=("outside the MDM's vocabulary",))


def without_a_named_mask(folder: Path) -> Path:
    """The checkpoint, with no file of it saying what its mask token is."""
    for name, key in (("tokenizer_config.json", "mask_token"), ("config.json", "mask_token_id")):
        content = json.loads((folder / name).read_text())
        content.pop(key, None)
        (folder / name).write_text(json.dumps(content))
    return folder


def test_a_mask_token_that_prompts_use(refused: Refused, derive: Derive) -> None:
    says = "holds the mask token", "declare a mask token that no prompt uses"
    refused(2, *run_pair(without_a_named_mask(derive())), "--mask-token", "the", says=says, cells=True)


def test_a_gap_at_the_first_position_of_a_shifted_model(
    refused: Refused, register: Callable[[Task], None]
) -> None:
    task = get_task("infilling")

    def draw(given: Draw) -> Example | None:
        example = task.draw(given)
        if example is None or example.in_place is None:
            return None
        return replace(
            example, in_place=InPlace("", example.in_place.right, example.in_place.corrupted_right)
        )

    register(replace(task, draw=draw))
    says = "position 0 is masked, and the MDM is declared shifted", "--no-shift"
    refused(2, "run", "--task", "infilling", says=says, cells=True)


def test_a_weight_that_is_no_number(refused: Refused, derive: Derive) -> None:
    def spoil(state: dict[str, Tensor]) -> None:
        state["model.layers.1.mlp.down_proj.weight"][3, 4] = float("nan")

    says = ("the ARM's parameter model.layers.1.mlp.down_proj.weight holds NaN",)
    refused(2, *run_pair(derive(weights=spoil)), says=says)


def test_a_tokenizer_that_leaves_no_example_of_equal_length(refused: Refused, derive: Derive) -> None:
    def joined(content: Content) -> None:
        """Makes 01, the corrupted year, one token where every other year is two."""
        pattern, vocabulary = content["pre_tokenizer"]["pattern"], content["model"]["vocab"]
        pattern["Regex"] = "(?<=[0-9][0-9])01|" + pattern["Regex"]
        vocabulary["01"] = vocabulary.pop(max(vocabulary, key=vocabulary.__getitem__))

    says = "the tokenizer leaves no example: clean and corrupted differ in token length (24)", "greater-than"
    refused(3, *run_pair(derive(tokenizer=joined), task="greater-than"), says=says, cells=True)


def test_a_tokenizer_without_the_words(refused: Refused, derive: Derive) -> None:
    def emptied(content: Content) -> None:
        known = {token["content"] for token in content["added_tokens"]}
        vocabulary = content["model"]["vocab"]
        content["model"]["vocab"] = {token: index for token, index in vocabulary.items() if token in known}

    says = ("the tokenizer leaves no example: a word is not in the vocabulary (24)",)
    refused(3, *run_pair(derive(tokenizer=emptied)), says=says, cells=True)


def test_a_tokenizer_that_is_larger_than_the_vocabulary(refused: Refused, derive: Derive) -> None:
    def cut(state: dict[str, Tensor]) -> None:
        name = "model.embed_tokens.weight"  # the head is tied to it
        state[name] = state[name][:8].clone()

    folder = derive(config=lambda content: content.update(vocab_size=8), weights=cut)
    refused(3, *run_pair(folder), says=("not in the model's vocabulary (24)",), cells=True)


@pytest.mark.parametrize(
    ("positions", "says"),
    [
        (64, "infilling: ARM solves 0 of 24, MDM 0, both 0: fewer than the 4 that protocol quick needs"),
        (8, "more tokens than the model has positions (24)"),
    ],
)
def test_a_model_that_solves_too_little(
    positions: int, says: str, refused: Refused, derive: Derive, tiny: Pair
) -> None:
    folder = derive()
    sizes = {"vocabulary": len(tiny.tokenizer), "positions": positions, "width": 32, "mlp_width": 128}
    model = random_model("gpt2", spread=None, tied=True, **sizes)
    (folder / "config.json").write_text(json.dumps({**model.config.to_dict(), "dtype": "float32"}))
    state = {name: value.clone() for name, value in model.state_dict().items() if name != "lm_head.weight"}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    refused(3, *run_pair(folder), says=("no task gives a comparison", says), cells=True)


def test_the_papers_protocol_on_a_small_graph(refused: Refused) -> None:
    says = "does not apply to the 3,628 edges of tiny: it needs 5,000", "use protocol v2"
    refused(3, "run", "--protocol", "paper", says=says)


def test_an_output_folder_below_a_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    says = "cannot be written: Not a directory", "choose another folder"
    refused(3, "run", "--task", "infilling", "--out", tmp_path / "file" / "results", says=says)


def test_task_files_below_a_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    says = "ioi-abc-evaluation-seed0.parquet cannot be written", "choose another folder"
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        refused(3, "tasks", "export", "ioi", "--n", 5, "--out", folder, says=says)


@pytest.mark.parametrize("size", [700, 20_000])
def test_a_disk_that_is_full(size: int, refused: Refused, full_after: Limit) -> None:
    with full_after(size):
        refused(3, "run", "--task", "infilling", says=("cannot be written", "make room"), cells=True)


def test_a_disk_that_is_too_full_for_task_files(refused: Refused, full_after: Limit, tmp_path: Path) -> None:
    says = "ioi-abc-evaluation-seed0.parquet cannot be written: File too large", "make room"
    with full_after(700):
        refused(3, "tasks", "export", "ioi", "--n", 5, "--out", tmp_path, says=says)


@pytest.fixture(scope="module")
def infilling(tiny: Pair, small: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one task."""
    out = tmp_path_factory.mktemp("infilling")
    run(tiny, small, out, ["infilling"])
    return out


@pytest.fixture
def out(infilling: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(infilling, tmp_path / "out"))


def test_a_cell_that_is_damaged_is_made_again(command: Command, out: Path, tmp_path: Path) -> None:
    (cell,) = tmp_path.rglob("scores-arm.*.safetensors")
    (record,) = out.glob("*.json")
    whole, said = cell.read_bytes(), record.read_bytes()
    cell.write_bytes(whole[:100])
    done = command("run", "--task", "infilling", "--out", out)
    assert done.code == 0
    assert done.err == (
        "mechshift: infilling: scores-arm is made again: its content is not what was written\n"
    )
    assert (cell.read_bytes(), record.read_bytes()) == (whole, said)


def test_a_damaged_file_is_not_exported(refused: Refused, out: Path, tmp_path: Path) -> None:
    (cell,) = out.rglob("scores-arm.*.safetensors")
    cell.write_bytes(cell.read_bytes()[:100])
    arguments = "--to", "mib", "--d-model", 128, "--out", tmp_path / "infilling_tiny"
    refused(3, "circuits", "export", cell, *arguments, says=("cannot be read", "name a file"))


def test_a_record_of_another_protocol_on_the_board(refused: Refused, out: Path) -> None:
    says = "has protocol quick, which no board takes", "run the pair under protocol v2"
    refused(2, "leaderboard", out, says=says)
