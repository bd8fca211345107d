"""The memory that is free, and that of a machine that is asked about."""

from pathlib import Path

import pytest
import torch

from mechshift.benchmark.forecast import machine
from mechshift.benchmark.forecast.machine import asked_machine, host_memory, parse_memory, this_machine
from mechshift.errors import UsageError


def test_a_control_group_bounds_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    unbounded = host_memory()
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert host_memory() == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert host_memory() == pytest.approx(unbounded, rel=0.2)


def test_an_older_control_group_bounds_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("7000\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("1000\n")
    assert host_memory() == 6000


def test_a_cpu_s_memory_is_the_host_s() -> None:
    found = this_machine(torch.device("cpu"))
    assert found.shared
    assert found.device == found.host > 0


def test_a_machine_that_is_asked_about_has_what_was_said() -> None:
    card = asked_machine(80 * 10**9, "cuda")
    assert (card.device, card.shared, card.name) == (80 * 10**9, False, "a machine with 80 GB of cuda memory")
    assert asked_machine(1_500_000_000, None).shared


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2 * 10**9),
        ("2", 2 * 10**9),
        ("2 GB", 2 * 10**9),
        ("1.5GiB", 3 * 2**29),
        ("500MB", 500 * 10**6),
        ("512MiB", 2**29),
        ("0.5", 5 * 10**8),
        ("1TB", 10**12),
    ],
)
def test_an_amount_of_memory_has_a_unit(text: str, size: int) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "GB", "-1", "0", "1e9", "2,5GB", "2.GB", "2GB of it", "nan", "0x10", "2  GB", "\u0662GB", "1e300TB"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_memory(text)
    assert "positive number" in caught.value.remedy


@pytest.mark.parametrize("text", ["2gb", "2G", "2kB", "2 Gib", "9999999TB"])
def test_a_unit_is_taken_as_it_is_written(text: str) -> None:
    with pytest.raises(UsageError):
        parse_memory(text)


def group(folder: Path, limit: int, used: int, inactive: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")


def test_pages_of_files_that_can_be_given_up_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    group(tmp_path, 80_000, 79_000, 77_000)
    assert host_memory() == 78_000


def test_the_closest_limit_of_all_groups_above_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CGROUP", tmp_path / "groups")
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "own")
    (tmp_path / "own").write_text("4:cpu,memory:/other\n0::/user/job\n")
    group(tmp_path / "groups", 9_000, 1_000)
    group(tmp_path / "groups" / "user", 5_000, 2_000)
    group(tmp_path / "groups" / "user" / "job", 7_000, 500)
    assert host_memory() == 3_000
