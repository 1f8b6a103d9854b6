"""On what kind of disk does a file lie, and can SQLite trust its locks?

SQLite's write-ahead log keeps its index in memory that all writers share, so it needs one machine and a local disk.
A rollback journal works elsewhere as long as byte-range locks reach every machine; where they do not, two writers
destroy the file without an error (sqlite.org/wal.html, sqlite.org/lockingv3.html). The kernel says which disk it is.
"""

import re
from enum import StrEnum
from pathlib import Path

from aqboard.domain.model import Record

MOUNTINFO = Path("/proc/self/mountinfo")
"""The mounts that this process sees, one a line (proc_pid_mountinfo(5)); missing where the kernel is not Linux."""

DISKS = ("btrfs", "bcachefs", "erofs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "squashfs", "xfs", "zfs")
MEMORY = ("ramfs", "rootfs", "tmpfs")
LAYERS = ("overlay", "fuseblk", "fuse.fuse2fs", "fuse.fuse-overlayfs", "fuse.squashfuse", "fuse.squashfuse_ll")
"""In front of a disk of this machine: what containers use, and Windows' disks."""
LOCAL = frozenset((*DISKS, *MEMORY, *LAYERS))
CLUSTER = frozenset(("ceph", "gpfs", "nfs4"))
"""Shared by several machines, and byte-range locks are part of the protocol."""


class Locks(StrEnum):
    """How far a byte-range lock reaches."""

    LOCAL = "local"
    """A disk of this machine."""
    EVERYWHERE = "everywhere"
    """Several machines see the files, and each other's locks."""
    UNKNOWN = "unknown"
    """A kind of file system that this program does not know."""
    DOUBTFUL = "doubtful"
    """Several machines see the files, but perhaps not each other's locks."""


class Disk(Record):
    """The file system that holds a file."""

    kind: str
    """As the kernel calls it, e.g. `ext4`, `lustre`; empty where it does not say."""
    mount_point: str = ""
    options: tuple[str, ...] = ()
    locks: Locks


def disk_of(path: Path) -> Disk:
    """The disk that `path` lies on, links followed; the file itself need not exist yet."""
    try:
        text = MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return Disk(kind="", locks=Locks.LOCAL)
    return find_disk(str(path.resolve()), text)


def find_disk(path: str, mountinfo: str) -> Disk:
    """The disk with the longest mount point above the absolute `path`; of two at the same place, the later one."""
    best = Disk(kind="", locks=Locks.UNKNOWN)
    for line in mountinfo.splitlines():
        left, found, right = line.partition(" - ")
        fields, described = left.split(" "), right.split(" ")
        if not found or len(fields) < 6 or not described[0]:
            continue
        point = _unescaped(fields[4])
        if _is_above(point, path) and len(point) >= len(best.mount_point):
            kind, options = described[0], (*fields[5].split(","), *described[-1].split(","))
            best = Disk(kind=kind, mount_point=point, options=options, locks=locks(kind, options))
    return best


def locks(kind: str, options: tuple[str, ...]) -> Locks:
    """How far locks reach on a file system of this kind, mounted with these options."""
    given = {option.partition("=")[0]: option.partition("=")[2] for option in options}
    if kind in LOCAL:
        return Locks.LOCAL
    if kind == "lustre":  # its client needs `flock`; `localflock` stays on one node, and without either there is none
        return Locks.EVERYWHERE if "flock" in given else Locks.DOUBTFUL
    if kind == "nfs":  # version 3: locks are a service of their own, which may be left out
        kept_here = "nolock" in given or given.get("local_lock", "none") not in ("none", "flock")
        return Locks.DOUBTFUL if kept_here else Locks.EVERYWHERE
    if kind in ("cifs", "smb3"):  # `nobrl`: byte-range locks are not sent to the server
        return Locks.DOUBTFUL if "nobrl" in given else Locks.EVERYWHERE
    if kind in CLUSTER:
        return Locks.DOUBTFUL if given.get("local_lock", "none") in ("posix", "all") else Locks.EVERYWHERE
    # BeeGFS keeps locks on one client unless its own configuration says otherwise; so do sshfs, 9p and most of FUSE.
    if kind in ("beegfs", "9p", "virtiofs", "fuse", "dvs", "afs") or kind.startswith("fuse."):
        return Locks.DOUBTFUL
    return Locks.UNKNOWN


def _is_above(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _unescaped(field: str) -> str:
    """Space, tab, newline and backslash stand as octal numbers in mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
