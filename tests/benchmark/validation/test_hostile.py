"""What strangers write into names and texts is shown and never obeyed; bombs take neither memory nor time."""

import json
import os
import re
import resource
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from build.submissions import GRAPH
from build.tampering import cell_file, seal_anew, write_manifest
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.findings.finding import Finding
from mechshift.benchmark.findings.github import as_annotations, as_summary
from mechshift.benchmark.findings.junit import as_junit
from mechshift.benchmark.findings.text import as_text, as_values
from mechshift.benchmark.measure import score_files
from mechshift.benchmark.measure.reduced import PRECISIONS, Reduced, restore_sums
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.validation.sizes import OTHER_DISCOVERY, OTHER_GROUPS
from mechshift.benchmark.validation.validate import CHECKS, validate
from mechshift.errors import NotComputable

Submission = Callable[..., Path]

HOSTILE = {
    "commands of logs": "::set-output name=a::b ##[add-mask]c \x1b[2J\x1b]0;title\x07 \u202egnp.exe",
    "scripts": "<script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}} ${jndi:ldap://x} %s %n {0}",
    "markdown": "[a](javascript:alert(1)) | `b` | **c** @team #1",
    "LaTeX and a formula": "=cmd|' /C calc'!A0 \\input{/etc/passwd}\\write18{rm -rf ~}$\\alpha$",
}


def write(path: Path, edit: Callable[[dict[str, object]], object]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def in_card(folder: Path, text: str) -> None:
    path = folder / "card.toml"
    escaped = json.dumps(text)
    path.write_text(
        re.sub(r"^contact = .*$", lambda _: f"contact = {escaped}\nnew = 1", path.read_text(), flags=re.M)
    )


def in_pair(folder: Path, text: str) -> None:
    write(folder / "record.json", lambda record: record["pair"].update(name=text))  # type: ignore[attr-defined]
    write_manifest(folder)


def in_task(folder: Path, text: str) -> None:
    write(folder / "record.json", lambda record: record["tasks"][0].update(task=text))  # type: ignore[index]
    write_manifest(folder)


def in_protocol(folder: Path, text: str) -> None:
    write(folder / "record.json", lambda record: record["protocol"].update(name=text))  # type: ignore[attr-defined]
    write_manifest(folder)


def in_field(folder: Path, text: str) -> None:
    write(folder / "record.json", lambda record: record.update({text: 1}))
    write_manifest(folder)


def in_unfit(folder: Path, text: str) -> None:
    def edit(record: dict[str, object]) -> None:
        record["tasks"][0]["pool"]["unfit"] = {text: 1}  # type: ignore[index]

    write(folder / "record.json", edit)
    write_manifest(folder)


def in_file(folder: Path, text: str) -> None:
    (folder / text.replace("/", "")).write_text("")


def in_manifest(folder: Path, text: str) -> None:
    write(folder / "manifest.json", lambda it: it["files"].update({text: {"sha256": "0" * 64, "bytes": 1}}))  # type: ignore[attr-defined]


PLACES = (in_card, in_pair, in_task, in_protocol, in_field, in_unfit, in_file, in_manifest)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: str(place.__name__))
@pytest.mark.parametrize("kind", HOSTILE)
def test_it_is_refused_and_shown_escaped(
    kind: str, place: Callable[[Path, str], None], submission: Submission
) -> None:
    folder = submission()
    place(folder, HOSTILE[kind])
    found = validate(folder)
    assert found
    assert_harmless(found)


def assert_harmless(found: tuple[Finding, ...]) -> None:
    text = as_text(found)
    assert all(line.isprintable() for line in text.splitlines())
    assert "##[" not in text
    assert not re.search("^::", text, re.M)
    json.dumps(as_values(found), ensure_ascii=False).encode()
    ElementTree.fromstring(as_junit("x", CHECKS, found).encode())
    summary = as_summary("x", found)
    assert not re.search(
        r"<(?!!-- -->)|\]\(|`|@\w|#\d{1,}(?!;)", re.sub(r"&#\d+;", "", summary).replace("###", "")
    )
    assert all(re.fullmatch(r"::(error|notice)[^\n\r]*", line) for line in as_annotations(found))


def test_what_is_trusted_may_hold_anything(submission: Submission) -> None:
    """Who shows it has to escape it: here it is not even a fault."""
    folder = submission()
    from mechshift.benchmark.record.files import read_model, write_model
    from mechshift.benchmark.record.record import Record

    record = read_model(folder / "record.json", Record)
    pair = record.pair.model_copy(update={"confounds": tuple(HOSTILE.values())})
    write_model(record.model_copy(update={"pair": pair}), folder / "record.json")
    write_manifest(folder)
    assert validate(folder) == ()


def bomb_of_zeros(folder: Path) -> Path:
    path = folder.parent / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("record.json", "w") as member,
    ):
        for _ in range(64):
            member.write(bytes(2**20))
    return path


def bomb_of_members(folder: Path) -> Path:
    path = folder.parent / "bomb.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5000):
            archive.writestr(str(number), b"")
    return path


def sparse_record(folder: Path) -> Path:
    os.truncate(folder / "record.json", 2**30)
    return folder


def deep_record(folder: Path) -> Path:
    (folder / "record.json").write_text('{"a":' * 1_000_000)
    return folder


def wide_record(folder: Path) -> Path:
    (folder / "record.json").write_text('{"tasks": [' + "{}," * 90_000 + "{}]}")
    return folder


def many_quotes(folder: Path) -> Path:
    (folder / "record.json").write_text('"\\' * 4_000_000)
    return folder


def huge_resamples(folder: Path) -> Path:
    write(folder / "record.json", lambda record: record["protocol"]["statistics"].update(resamples=10**12))  # type: ignore[index]
    return folder


def huge_layers(folder: Path) -> Path:
    write(folder / "record.json", lambda record: record["pair"].update(layers=10**30))  # type: ignore[attr-defined]
    return folder


BOMBS = (
    bomb_of_zeros,
    bomb_of_members,
    sparse_record,
    deep_record,
    wide_record,
    many_quotes,
    huge_resamples,
    huge_layers,
)


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: str(bomb.__name__))
def test_a_bomb_takes_little(bomb: Callable[[Path], Path], submission: Submission) -> None:
    path = bomb(submission())
    start, resident = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        if bomb is bomb_of_members:
            with pytest.raises(NotComputable, match="more members"):
                validate(path)
        else:
            assert validate(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 10
    assert most < 200 * 2**20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident < 500 * 2**10


def test_of_a_cell_of_other_sizes_no_array_is_read(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 16,384 groups where the pool has four: with all digests consistent, and in a file of few bytes."""
    folder, groups = submission(), 2**14
    counts, values = np.ones(groups, np.int64), np.zeros(groups)
    sums = np.zeros((groups, *GRAPH.mask.shape))
    integration = Integration("staggered", 10)
    scores = Attribution(GRAPH, integration, sums, counts, values, values, np.arange(groups))
    wide = ScoreSums(scores, ("a",) * groups, np.arange(groups))
    wide.save_reduced(cell_file(folder, "scores-arm"), PRECISIONS[0])
    seal_anew(folder, "scores-arm")
    restored = []

    def restore(reduced: Reduced, counts: np.ndarray, strata: np.ndarray) -> np.ndarray:
        restored.append(reduced.codes.shape)
        return restore_sums(reduced, counts, strata)

    monkeypatch.setattr(score_files, "restore_sums", restore)
    told = {each.problem for each in validate(folder) if "scores-arm" in each.place}
    assert {OTHER_DISCOVERY, OTHER_GROUPS} <= told
    assert len(restored) == 3
    assert all(found < 10 for found, _ in restored)
