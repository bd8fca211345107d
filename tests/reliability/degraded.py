"""Whether `mechshift check` catches a pair that was damaged, and leaves one alone that was not.

    python tests/reliability/degraded.py build/degraded --tries 20 --others 20 --reruns 10

Calibrates on reruns of the reference pair on other prompts. Then checks, against its record at seed 0,
further reruns on other prompts by the tolerances, which should raise an alarm in at most one check of twenty,
and pairs whose MDM was damaged, on the prompts of that record, as a guard of a checkpoint would. These are
judged in two ways: by the tolerances, and without them by the paired intervals of the two records. The
damages are

  noise   normal noise on every matrix of one layer, half as large as the weights' own spread
  head    one attention head removed: what the output projection reads of it is set to zero
  mask    another token of the vocabulary named as the mask by the MDM's own files

Every run keeps its cells in FOLDER, and every check its result: the same command continues where it was
stopped. Ends with a table, and FOLDER/results.json. What ends in an error before a check (loading refuses it,
or no task gives a comparison) is counted apart.
"""

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import mechshift
from mechshift.benchmark.contrast.regression import check_record
from mechshift.benchmark.contrast.tolerances import Tolerances, calibrate, read_tolerances, write_tolerances
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run.record_file import record_path
from mechshift.errors import NotComputable, PairError

PROTOCOL = QUICK.changed(
    name="degraded",
    pool=200,
    minimum=40,
    candidates=2,
    groups=24,
    resamples=100,
    splits=3,
    components=4,
    steps=1,
    grid=(0.001, 0.05, 1.0),
)
TASKS = ("induction", "countdown")
LAYERS, HEADS, WIDTH = 6, 8, 16
VOCABULARY = 626
NOISE = 0.5
KINDS = ("noise", "head", "mask")


@dataclass(frozen=True)
class Try:
    """A damage of a kind, and on which prompts it is checked; kind `none` for a rerun without any."""

    kind: str
    number: int

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.kind}-{self.number}"

    @property
    def seed(self) -> int:
        """Of its prompts: of a pair without damage such as neither a rerun nor another try has."""
        return 1000 + self.number if self.kind == "none" else 0


def main() -> int:
    """Calibrate, try, tell; 1 where more unharmed pairs raise an alarm than the stated rate explains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reruns", type=int, default=10, help="reruns of the calibration")
    parser.add_argument("--others", type=int, default=20, help="further reruns without damage")
    parser.add_argument("--tries", type=int, default=20, help="tries of each kind of damage")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    old, tolerances = prepare(arguments.folder, arguments.reruns)
    tries = [Try("none", number) for number in range(arguments.others)]
    tries += [Try(kind, number) for number in range(arguments.tries) for kind in KINDS]
    results = []
    for one in tries:
        result = outcome(one, arguments.folder, old, tolerances)
        results.append(result)
        judged = [f"{result[way]} {way}" for way in ("tolerances", "paired") if way in result]
        print(f"{one.name} ({result['what']}): {', '.join(judged)}", flush=True)
    (arguments.folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    false_alarms = sum(result["kind"] == "none" and result["tolerances"] == "alarm" for result in results)
    return int(false_alarms > allowed(arguments.others, tolerances.rate))


def prepare(folder: Path, reruns: int) -> tuple[Path, Tolerances]:
    """The record at seed 0, and the tolerances of further seeds; made where they are not there."""
    old = measure(Path(folder, "reruns"), None, 0)
    path = folder / f"tolerances-{reruns}.toml"
    if not path.exists():
        records = [measure(Path(folder, "reruns"), None, seed) for seed in range(1, reruns + 1)]
        write_tolerances(calibrate(records), path)
    return old, read_tolerances(path)


def measure(out: Path, checkpoint: Path | None, seed: int) -> Path:
    """The record's file of a run of `tiny`, with another MDM where one is given."""
    started = time.process_time()
    spec = get_pair("tiny")
    if checkpoint is None:
        pair = mechshift.load("tiny", device="cpu")
    else:
        pair = mechshift.load(
            spec.arm.checkpoint,
            str(checkpoint),
            shift=True,
            attention="full",
            name="damaged",
            device="cpu",
            # The check has to find what is wrong, and not the loading.
            accept_behaviour=True,
        )
    protocol = PROTOCOL.reseeded(seed)
    record = mechshift.run(pair, protocol, TASKS, out=out, progress=False)
    print(
        f"  {out.name}, seed {seed}: {time.process_time() - started:.0f} s of CPU",
        file=sys.stderr,
        flush=True,
    )
    return record_path(out, record)


def outcome(one: Try, folder: Path, old: Path, tolerances: Tolerances) -> dict:  # type: ignore[type-arg]
    """What came of a try, kept in a file: "alarm" or "none" of either check, or "refused" by loading."""
    kept = folder / "tries" / f"{one.name}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    kept.parent.mkdir(parents=True, exist_ok=True)
    what, checkpoint = damage(one, folder / "damaged" / one.name)
    result = {"kind": one.kind, "number": one.number, "what": what, "refused": ""}
    try:
        new = measure(folder / "runs" / one.name, checkpoint, one.seed)
        # Intervals of two records on other prompts are no test: docs/checking.md says why.
        ways = {"tolerances": tolerances} | ({} if one.kind == "none" else {"paired": None})
        for way, given in ways.items():
            found = check_record(new, old, given)
            nearest = min(found.tests, key=lambda test: test.p)
            result |= {
                way: "alarm" if found.findings else "none",
                f"{way}_alarms": [each.check for each in found.findings],
                f"{way}_tests": len(found.tests),
                f"{way}_nearest": [nearest.value.name, nearest.statistic, nearest.adjusted_p],
            }
    except (PairError, NotComputable) as error:
        # No task gave a comparison, or loading found the damage: neither passes unseen.
        result |= {"tolerances": "refused", "paired": "refused", "refused": error.problem}
    partial = kept.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1) + "\n")
    partial.replace(kept)
    shutil.rmtree(folder / "runs" / one.name, ignore_errors=True)
    shutil.rmtree(folder / "damaged" / one.name, ignore_errors=True)
    return result


def damage(one: Try, folder: Path) -> tuple[str, Path | None]:
    """What is damaged, in words, and the damaged MDM."""
    generator = random.Random(f"{one.kind} {one.number}")
    if one.kind == "none":
        return "nothing", None
    source = Path(get_pair("tiny").mdm.checkpoint)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    if one.kind == "mask":
        token = wrong_mask(generator)
        # In its own files, as loading refuses a declaration that they contradict.
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "mask_token": token}))
        return f"the mask token is {token!r}", folder
    weights = load_file(folder / "model.safetensors")
    layer = generator.randrange(LAYERS)
    if one.kind == "noise":
        noise = np.random.default_rng([one.number, 5])
        for name, weight in matrices(weights, layer):
            spread = NOISE * float(weight.std())
            weights[name] = (weight + noise.normal(0, spread, weight.shape)).astype(weight.dtype)
        what = f"noise on layer {layer}"
    else:
        head = generator.randrange(HEADS)
        # Columns of a projection are what it reads: those of one head.
        weights[f"model.layers.{layer}.self_attn.o_proj.weight"][:, head * WIDTH : (head + 1) * WIDTH] = 0
        what = f"head {head} of layer {layer} removed"
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return what, folder


def matrices(weights: dict[str, np.ndarray], layer: int) -> Iterator[tuple[str, np.ndarray]]:
    """The matrices of a layer, by name."""
    for name, weight in list(weights.items()):
        if name.startswith(f"model.layers.{layer}.") and weight.ndim == 2:
            yield name, weight


def wrong_mask(generator: random.Random) -> str:
    """A token of the vocabulary that is not the mask."""
    spec = get_pair("tiny")
    vocabulary = json.loads((Path(spec.mdm.checkpoint) / "tokenizer.json").read_text())["model"]["vocab"]
    words = {token for token in vocabulary if token.strip("Ġ▁ ").isalpha()}
    tokens = sorted(token for token in words if "mask" not in token.lower())
    return generator.choice(tokens)


def allowed(checks: int, rate: float) -> int:
    """How many false alarms a rate explains in so many checks: more have a probability below .01."""
    generator = np.random.default_rng(0)
    return int(np.quantile(generator.binomial(checks, rate, 100_000), 0.99)) if checks else 0


def table(results: list[dict]) -> str:  # type: ignore[type-arg]
    """How many tries of each kind ended how."""
    lines = [f"{'damage':<8}{'check':<12}{'tries':>6}{'alarm':>7}{'refused':>9}{'unseen':>8}"]
    for kind in ("none", *KINDS):
        for way in ("tolerances", "paired"):
            ended = [result[way] for result in results if result["kind"] == kind and way in result]
            counts = [ended.count(what) for what in ("alarm", "refused", "none")]
            numbers = f"{len(ended):>6}{counts[0]:>7}{counts[1]:>9}{counts[2]:>8}"
            lines.append(f"{kind:<8}{way:<12}{numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
