"""Limits of control groups, of both versions, on a file system of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor.host import cgroup
from harness.doctor.host.cgroup import Limits

pytestmark = pytest.mark.unit

GIB = 1024**3


class Machine:
    """What `/proc` and `/sys` say."""

    def __init__(self, root: Path, groups: str) -> None:
        self.root = root
        self.write("proc/self/cgroup", groups)

    def write(self, path: str, text: str | int) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{text}\n")

    def limits(self) -> Limits:
        return cgroup.read(self.root)


def test_version_2(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "0::/docker/abc")
    folder = "sys/fs/cgroup/docker/abc"
    machine.write(f"{folder}/memory.max", 2 * GIB)
    machine.write(f"{folder}/memory.current", GIB)
    machine.write(f"{folder}/memory.stat", f"anon 1\ninactive_file {GIB // 4}")
    machine.write(f"{folder}/cpu.max", "150000 100000")
    machine.write(f"{folder}/pids.max", 512)
    machine.write(f"{folder}/pids.current", 12)
    assert machine.limits() == Limits(
        memory_bytes=2 * GIB,
        memory_free_bytes=2 * GIB - GIB + GIB // 4,
        cpus=1.5,
        processes=512,
        processes_free=500,
    )


def test_version_1(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "4:memory:/a\n2:cpu,cpuacct:/a\n8:pids:/a\n9:name=systemd:/a")
    machine.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", GIB)
    machine.write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", GIB // 2)
    machine.write("sys/fs/cgroup/memory/a/memory.stat", f"inactive_file 0\ntotal_inactive_file {GIB // 8}")
    machine.write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", 50000)
    machine.write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", 100000)
    machine.write("sys/fs/cgroup/pids/a/pids.max", "max")
    assert machine.limits() == Limits(GIB, GIB // 2 + GIB // 8, 0.5, None, None)


def test_no_limit_is_none(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "4:memory:/\n2:cpu:/\n0::/x")
    machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", 9223372036854771712)
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", -1)
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", 100000)
    machine.write("sys/fs/cgroup/x/memory.max", "max")
    machine.write("sys/fs/cgroup/x/cpu.max", "max 100000")
    assert machine.limits() == Limits()


def test_a_group_above_may_be_the_narrower_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "0::/slice/service")
    machine.write("sys/fs/cgroup/slice/service/memory.max", 8 * GIB)
    machine.write("sys/fs/cgroup/slice/memory.max", 2 * GIB)
    assert machine.limits().memory_bytes == 2 * GIB


def test_in_a_container_the_path_may_be_the_hosts(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "0::/system.slice/docker-abc.scope")
    machine.write("sys/fs/cgroup/memory.max", GIB)
    assert machine.limits().memory_bytes == GIB


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "0::/")
    machine.write("sys/fs/cgroup/memory.max", GIB)
    machine.write("sys/fs/cgroup/memory.current", 2 * GIB)
    assert machine.limits().memory_free_bytes == 0


def test_a_system_without_groups_has_no_limits(tmp_path: Path) -> None:
    assert cgroup.read(tmp_path) == Limits()
