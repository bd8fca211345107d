"""The life of a board on the reference family: run, submit, validate, rerun, rank, compare, check, show."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.record import protocol
from mechshift.benchmark.record.protocol import V2

Command = Callable[..., Any]

# Of either suite.
ASKED = ("agreement", "star-path")
SMALL = V2.changed(
    tasks=tuple(task for task in V2.tasks if task.name in ASKED),
    pool=12,
    minimum=4,
    candidates=3,
    groups=6,
    steps=2,
    beside=("copy",),
    beside_examples=4,
    shuffled=4,
    crossed=4,
    ablated=2,
    random_sets=2,
    grid=(0.001, 0.05, 0.3, 1.0),
    components=3,
    resamples=40,
    splits=3,
)
CARD = """\
authors = ["Ada Lovelace"]
contact = "ada@example.org"
pair = "{pair}"
date = 2026-11-29
description = "A reference pair."
confounds = "none known"
weights_licence = "Apache-2.0"
licence = "CC-BY-4.0"
[checkpoints]
arm = "with mechshift"
mdm = "with mechshift"
"""
PAIRS = ("tiny", "tiny-continued")
NAMES = {pair: f"2026-11-29-{pair}-v2" for pair in PAIRS}


def succeed(command: Command, *arguments: object) -> str:
    done = command(*arguments)
    assert done.code == 0, f"{arguments}: {done.out}{done.err}"
    out: str = done.out
    return out


def test_from_a_run_to_a_page(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(protocol._PROTOCOLS, "v2", SMALL)
    for pair in PAIRS:
        succeed(command, "run", "--pair", pair, "--protocol", "v2")
        Path(f"{pair}.toml").write_text(CARD.format(pair=pair))
        submit = ("submit", f"mechshift-results/{pair}-v2.json", "-o", "board", "--date", "2026-11-29")
        assert NAMES[pair] in succeed(command, *submit, "--card", f"{pair}.toml")
        assert succeed(command, "validate", f"board/{NAMES[pair]}")
    tiny, control = (Path("board", NAMES[pair]) for pair in PAIRS)

    # Computed again from the weights, attested and signed, a row is more than what its submitter says.
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], check=True)
    Path("board", "allowed_signers").write_text(f"grace@example.org {Path('key.pub').read_text()}")
    # One more than all pools and prompts, which alone attest nothing.
    attested = command("validate", tiny, "--rerun", 5, "--attest", "board", "--by", "Grace", "--sign", "key")
    assert attested.code == 0, attested.err
    assert attested.err.count("deviates by 0") == 5
    assert succeed(command, "validate", "board")

    # There is no headline to rank by, as the one task asks in words and the other in symbols.
    board = succeed(command, "leaderboard", "board", "--sort", "overlap_local", "--format", "csv")
    rows = csv.DictReader(io.StringIO(board))
    assert [(row["rank"], row["pair"], row["status"], row["control"]) for row in rows] == [
        ("1", "tiny", "re-run", "no"),
        ("", "tiny-continued", "self-reported", "yes"),
    ]

    compared = json.loads(succeed(command, "compare", tiny, control, "--json"))
    assert {one["pairing"] for one in compared["values"] if one["quantity"] == "overlap"} == {"paired"}
    refused = command("compare", control, tiny, "--fail-on", "overlap.agreement < 5")
    assert refused.code == 1

    assert succeed(command, "check", tiny, "--against", tiny, "--report", "found.xml")
    assert Path("found.xml").read_text().startswith("<?xml")

    succeed(command, "leaderboard", "board", "--html", "pages")
    assert "tiny-continued" in Path("pages", "index.html").read_text()
    succeed(command, "show", tiny / "record.json", "--html", "pair.html")
    succeed(command, "compare", tiny, control, "--html", "compared.html")
    for page in (*Path("pages").glob("*.html"), Path("pair.html"), Path("compared.html")):
        content = page.read_text()
        assert content.lower().startswith("<!doctype html>")
        # Nothing is fetched: scripts, styles and the icon are in the page.
        assert not re.search(r"<(?:script|img|iframe)[^>]*\ssrc=|@import", content)
        assert not re.search(r"<link[^>]*\shref=.(?!data:)", content)
