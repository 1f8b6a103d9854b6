"""Which disk a file lies on, and what its locks are worth; mountinfo lines as the clusters' own nodes show them."""

from pathlib import Path

import pytest

from aqboard.domain.errors import StoreError
from aqboard.store.sqlite.access import access_to
from aqboard.store.sqlite.filesystem import Locks, disk_of, find_disk, locks

LINES = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
60 27 0:50 / /users rw,nosuid - lustre 10.253.1.1@tcp:/lnet/users rw,flock,user_xattr,lazystatfs
61 60 0:51 / /users/ada/scratch rw shared:33 master:2 - lustre 10.253.1.2@tcp:/fs rw,localflock
62 27 0:52 / /usersdata rw - nfs4 nas:/vol1 rw,vers=4.2,local_lock=none
63 27 0:53 / /a\040folder\134x rw - tmpfs tmpfs rw
64 27 0:54 / /home rw - autofs systemd-1 rw,fd=3
65 64 0:55 / /home rw - nfs nas:/home rw,vers=3,nolock
66 27 - broken line
"""


@pytest.mark.parametrize(
    ("path", "kind", "point"),
    [
        ("/etc/x.db", "ext4", "/"),
        ("/users/ada/x.db", "lustre", "/users"),
        ("/users", "lustre", "/users"),
        ("/users/ada/scratch/x.db", "lustre", "/users/ada/scratch"),
        ("/users/ada/scratchpad/x.db", "lustre", "/users"),
        ("/usersdata/x.db", "nfs4", "/usersdata"),
        ("/a folder\\x/x.db", "tmpfs", "/a folder\\x"),
        ("/home/ada/x.db", "nfs", "/home"),
    ],
)
def test_the_longest_mount_point_above_the_file_wins_and_the_later_of_two(path: str, kind: str, point: str) -> None:
    disk = find_disk(path, LINES)
    assert (disk.kind, disk.mount_point) == (kind, point)


def test_without_any_mount_the_disk_is_not_known() -> None:
    assert find_disk("/x", "").locks is Locks.UNKNOWN


def test_links_are_followed_to_where_the_file_lies(mounted, tmp_path: Path, tmp_path_factory) -> None:
    mounted("lustre", "rw,flock")
    link = tmp_path_factory.mktemp("elsewhere") / "link.db"
    link.symlink_to(tmp_path / "board.db")
    assert disk_of(link).kind == "lustre"
    assert disk_of(link.parent / "other.db").kind == "ext4"


@pytest.mark.parametrize(
    ("kind", "options", "reach"),
    [
        ("ext4", "rw", Locks.LOCAL),
        ("tmpfs", "rw", Locks.LOCAL),
        ("overlay", "rw", Locks.LOCAL),
        ("fuse.fuse-overlayfs", "rw", Locks.LOCAL),
        ("lustre", "rw,flock,lazystatfs", Locks.EVERYWHERE),
        ("lustre", "rw,localflock", Locks.DOUBTFUL),
        ("lustre", "rw,noflock", Locks.DOUBTFUL),
        ("lustre", "rw", Locks.DOUBTFUL),
        ("nfs4", "rw,vers=4.2,local_lock=none", Locks.EVERYWHERE),
        ("nfs4", "rw,local_lock=all", Locks.DOUBTFUL),
        ("nfs", "rw,vers=3", Locks.EVERYWHERE),
        ("nfs", "rw,vers=3,nolock", Locks.DOUBTFUL),
        ("nfs", "rw,local_lock=posix", Locks.DOUBTFUL),
        ("gpfs", "rw", Locks.EVERYWHERE),
        ("cifs", "rw", Locks.EVERYWHERE),
        ("cifs", "rw,nobrl", Locks.DOUBTFUL),
        ("beegfs", "rw,cfgFile=/etc/beegfs/beegfs-client.conf", Locks.DOUBTFUL),
        ("fuse.sshfs", "rw", Locks.DOUBTFUL),
        ("9p", "rw", Locks.DOUBTFUL),
        ("newfs2030", "rw", Locks.UNKNOWN),
    ],
)
def test_how_far_locks_reach(kind: str, options: str, reach: Locks) -> None:
    assert locks(kind, tuple(options.split(","))) is reach


def test_a_disk_whose_locks_cannot_be_trusted_is_refused_unless_somebody_takes_it_on(mounted, tmp_path: Path) -> None:
    mounted("beegfs")
    path = tmp_path / "board.db"
    with pytest.raises(StoreError, match=r"beegfs.*AQBOARD_DB_ONE_MACHINE=yes"):
        access_to(path, {})
    with pytest.raises(StoreError, match="beegfs"):
        access_to(path, {"AQBOARD_DB_ONE_MACHINE": "0"})
    access = access_to(path, {"AQBOARD_DB_ONE_MACHINE": "yes"})
    assert access.journal == "truncate"
    assert "from this machine only" in access.notes[0]
