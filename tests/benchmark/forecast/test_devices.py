"""What a run of members that are spread over several devices needs of each."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.devices import pretended
from mechshift.benchmark.pairs.registry import get_pair

Command = Callable[..., Any]

WIDTH, INNER, LAYERS, ROWS = 4096, 11008, 32, 32000
CONFIG = {
    "model_type": "llama",
    "vocab_size": ROWS,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
LAYER = 4 * WIDTH * WIDTH + 3 * WIDTH * INNER + 2 * WIDTH
"""Parameters of a layer: four square maps, three of the MLP and two norms."""


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    """The options of a pair of LLaMA-2-7B's shape, whose weights are a hole behind a header."""
    size = 2 * (LAYERS * LAYER + 2 * ROWS * WIDTH + WIDTH)
    header = json.dumps({"x": {"dtype": "BF16", "shape": [size // 2], "data_offsets": [0, size]}}).encode()
    for name, member in (("arm", get_pair("tiny").arm), ("mdm", get_pair("tiny").mdm)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(CONFIG))
        for path in Path(member.checkpoint).glob("tokenizer*"):
            shutil.copy(path, tmp_path / name)
        with (tmp_path / name / "model.safetensors").open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            file.truncate(8 + len(header) + size)
    return ["--arm", str(tmp_path / "arm"), "--mdm", str(tmp_path / "mdm"), "--task", "ioi"]


def map_of(first: int) -> str:
    """So many layers, and what is before them, on one card, all the others on another."""
    layers = {f"model.layers.{layer}": f"cuda:{int(layer >= first)}" for layer in range(LAYERS)}
    return json.dumps({"model.embed_tokens": "cuda:0", **layers, "model.norm": "cuda:1", "lm_head": "cuda:1"})


def test_a_dry_run_says_what_each_card_holds(command: Command, pair: list[str]) -> None:
    """Of cards that this machine does not have, each of which has so much memory."""
    arguments = ["run", "--dry-run", *pair, "--memory", "80GB", "--device-map", map_of(20)]
    found = json.loads(command(*arguments, "--json").out)
    first, second = 2 * (20 * LAYER + ROWS * WIDTH), 2 * (12 * LAYER + ROWS * WIDTH + WIDTH)
    assert found["devices"] == {"cuda:0": [first, first], "cuda:1": [second, second]}
    held = {stage["stage"]: stage["device"] for stage in found["memory"]}
    assert held["attribution"]["weights of both members"] == 2 * first
    assert found["verdict"] == "fits"
    told = f"weights on cuda:0 {first / 1e9:.1f} GB of the ARM, {first / 1e9:.1f} GB of the MDM"
    assert told in " ".join(command(*arguments).out.split())


def test_what_one_card_has_no_room_for_fits_on_two(command: Command, pair: list[str]) -> None:
    """Both members in float32, 54 GB, in cards of 48."""
    arguments = ["run", "--dry-run", *pair, "--dtype", "float32", "--memory", "48GB", "--json"]
    one = json.loads(command(*arguments, "--device", "cuda").out)
    two = json.loads(command(*arguments, "--device-map", map_of(16)).out)
    assert (one["limits"]["in_turn"], two["limits"]["in_turn"]) == (True, False)
    assert one["devices"] == {}


def test_the_card_with_least_memory_decides(command: Command) -> None:
    arguments = ["run", "--dry-run", "--pair", "tiny", "--task", "ioi", "--device-map"]
    with pretended("cuda:0", "cuda:1", free=(2 * 10**9, 10**9)):
        done = command(*arguments, "balanced")
        assert done.code == 0
        assert "weights on cuda:0" in done.out
        assert "weights on cuda:1" in done.out
        assert "of 1.0 GB on this machine's pretended card, one of 2" in done.out
    everywhere = '{"": "cuda:0", "model.layers.3": "cuda:1"}'
    with pretended("cuda:0", "cuda:1", free=(10**12, 10**6)):
        done = command(*arguments, everywhere)
        assert done.code == 3
        assert "one of 2 has 0.001 GB free" in done.err
        assert "choose a larger machine or a smaller pair" in done.err


def test_of_one_card_several_are_a_way_out(command: Command) -> None:
    with pretended("cuda:0", free=(10**6,)):
        done = command("run", "--dry-run", "--task", "ioi", "--device", "cuda:0")
    assert done.code == 3
    assert "choose a larger machine, several devices (--device-map) or a smaller pair" in done.err


def test_a_device_and_a_map_are_not_both_taken(command: Command) -> None:
    done = command("run", "--dry-run", "--device", "cpu", "--device-map", "auto")
    assert done.code == 2
    assert "--device names one device, and --device-map several" in done.err


def test_on_one_device_a_map_changes_nothing(command: Command) -> None:
    plain, mapped = (
        json.loads(command("run", "--dry-run", "--task", "ioi", "--json", *options).out)
        for options in (["--device", "cpu"], ["--device-map", '{"": "cpu"}'])
    )
    assert mapped["plan"] == plain["plan"]
    assert mapped["memory"] == plain["memory"]
    assert mapped["devices"] == {}
