"""The directory of a zip archive, read strictly.

Protects against archives that show different content to different readers: duplicate or overlapping members, local
headers that contradict the directory, names that climb out, bytes before, between or after. Python's `zipfile` and
torch's own reader disagree about all of these, which is how malicious checkpoints hide from scanners.
"""

import struct
from dataclasses import dataclass

from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Limits
from aqboard.readers.source import FileSource

SIGNATURE = b"PK\x03\x04"
STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL = 0xFFFFFFFF
_ALLOWED_FLAGS = 0x0008 | 0x0800  # sizes after the data; names in UTF-8


@dataclass(frozen=True, slots=True)
class Member:
    """One member: where its stored bytes are, how many, and what the directory says about them."""

    name: str
    offset: int
    stored_size: int
    size: int
    method: int
    crc: int


def read_directory(source: FileSource, limits: Limits) -> dict[str, Member]:
    """All members by name, in the directory's order, every local header checked (`bad-zip`, `truncated`)."""
    count, length, offset = _find_directory(source)
    if count > limits.members or length > limits.directory_bytes:
        raise _bad(f"its directory claims {count} members in {length} bytes, more than any real file has")
    if length < count * _CENTRAL.size:
        raise _bad(f"its directory of {length} bytes cannot hold {count} members")
    directory = source.read(offset, length)
    members: dict[str, Member] = {}
    spans: list[tuple[int, int]] = []
    position = 0
    for _ in range(count):
        member, begin, position = _central_entry(source, directory, position)
        if member.name in members:
            raise _bad(f"member {shown(member.name)} is there twice")
        members[member.name] = member
        spans.append((begin, member.offset + member.stored_size))
    if position != length:
        raise _bad("its directory is longer than its members")
    _check_layout(spans, offset)
    return members


def _find_directory(source: FileSource) -> tuple[int, int, int]:
    """Number of members, length and offset of the directory, which must reach to the end record."""
    if source.size < _END.size:
        raise ReadError("The archive is cut short.", code="truncated")
    end_at = source.size - _END.size
    signature, disk, first_disk, here, count, length, offset, comment = _END.unpack(source.read(end_at, _END.size))
    if signature != b"PK\x05\x06" or comment:
        raise ReadError(
            "The zip archive does not end with its end record: it was cut short, or something was appended; "
            "copy or download it again.",
            code="truncated",
        )
    directory_end = end_at
    if disk or first_disk or here != count:
        raise _bad("it is one part of several")
    if 0xFFFF in (here, count) or _FULL in (length, offset):
        count, length, offset, directory_end = _find_directory64(source, end_at)
    elif end_at >= 76 and source.read(end_at - 20, 4) == b"PK\x06\x07":
        wide = _find_directory64(source, end_at)
        if wide[:3] != (count, length, offset):
            raise _bad("its two end records contradict each other")
        directory_end = wide[3]
    if offset + length != directory_end:
        raise _bad("its directory is not where its end record says")
    return count, length, offset


def _find_directory64(source: FileSource, end_at: int) -> tuple[int, int, int, int]:
    locator_at = end_at - _END64_LOCATOR.size
    if locator_at < 0:
        raise _bad("its zip64 end record is missing")
    signature, _, record_at, disks = _END64_LOCATOR.unpack(source.read(locator_at, _END64_LOCATOR.size))
    if signature != b"PK\x06\x07" or disks != 1 or record_at + _END64.size != locator_at:
        raise _bad("its zip64 end record is missing")
    signature, _, _, _, disk, first, here, count, length, offset = _END64.unpack(source.read(record_at, _END64.size))
    if signature != b"PK\x06\x06" or disk or first or here != count:
        raise _bad("its zip64 end record is damaged")
    return count, length, offset, record_at


def _central_entry(source: FileSource, directory: bytes, position: int) -> tuple[Member, int, int]:
    """The directory entry at `position`: the member, its local header's offset, the next position."""
    if position + _CENTRAL.size > len(directory):
        raise _bad("its directory is cut short")
    (signature, _, _, flags, method, _, _, crc, stored, size, name_len, extra_len, comment_len, disk, _, _, begin) = (
        _CENTRAL.unpack_from(directory, position)
    )
    after = position + _CENTRAL.size
    stop = after + name_len + extra_len + comment_len
    if signature != b"PK\x01\x02" or disk or comment_len or stop > len(directory):
        raise _bad(f"its directory entry at {position} is damaged")
    raw_name = directory[after : after + name_len]
    name = _checked_name(raw_name)
    if flags & ~_ALLOWED_FLAGS:
        raise _bad(f"member {shown(name)} is encrypted or has flags {flags:#06x} that nothing here writes")
    if method not in (STORED, DEFLATED):
        raise _bad(f"member {shown(name)} uses compression method {method}")
    size, stored, begin = _wide(directory[after + name_len : after + name_len + extra_len], [size, stored, begin], name)
    data_at = _check_local(source, begin, raw_name, (flags, method, crc, stored, size))
    if data_at + stored > source.size or (method == STORED and stored != size):
        raise _bad(f"member {shown(name)} claims {size} bytes that are not there")
    return Member(name, data_at, stored, size, method, crc), begin, stop


def _check_local(source: FileSource, begin: int, raw_name: bytes, claimed: tuple[int, ...]) -> int:
    """Hold a local header against the directory; the offset of the member's data."""
    if begin + _LOCAL.size > source.size:
        raise _bad(f"member {shown(raw_name)} has no local header")
    header = source.read(begin, min(_LOCAL.size + len(raw_name) + 64, source.size - begin))
    signature, _, flags, method, _, _, crc, stored, size, name_len, extra_len = _LOCAL.unpack_from(header)
    name = header[_LOCAL.size : _LOCAL.size + name_len]
    if signature != SIGNATURE or name != raw_name:
        raise _bad(f"member {shown(raw_name)} has another name in its local header")
    if stored == _FULL or size == _FULL:
        extra = source.read(begin + _LOCAL.size + name_len, extra_len)
        size, stored, _ = _wide(extra, [size, stored, 0], shown(raw_name))
    after_data = flags & 0x0008 and (crc, stored, size) == (0, 0, 0)
    if (flags, method) != claimed[:2] or not (after_data or (crc, stored, size) == claimed[2:]):
        raise _bad(f"member {shown(raw_name)} is described differently in its local header and the directory")
    return int(begin + _LOCAL.size + name_len + extra_len)


def _wide(extra: bytes, numbers: list[int], name: str) -> list[int]:
    """Replace numbers that did not fit 32 bits by those of the zip64 extra field."""
    if _FULL not in numbers:
        return numbers
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, position)
        body = extra[position + 4 : position + 4 + length]
        if tag == 1 and len(body) >= 8 * numbers.count(_FULL):
            wide = iter(struct.unpack_from(f"<{len(body) // 8}Q", body))
            return [next(wide) if number == _FULL else number for number in numbers]
        position += 4 + length
    raise _bad(f"member {shown(name)} lacks its 64-bit size")


def _checked_name(raw: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(f"member name {shown(raw)} is not UTF-8") from None
    parts = name.split("/")
    if not name or len(name) > 1024 or not name.isprintable() or "\\" in name or {"", ".", ".."} & set(parts):
        raise _bad(f"member name {shown(name)} is not a plain relative path")
    return name


def _check_layout(spans: list[tuple[int, int]], directory_at: int) -> None:
    """Members must not overlap each other or the directory."""
    reached = 0
    for begin, end in sorted(spans):
        if begin < reached:
            raise _bad("two of its members overlap")
        reached = end
    if reached > directory_at:
        raise _bad("a member overlaps its directory")


def _bad(reason: str) -> ReadError:
    return ReadError(f"The zip archive is refused: {reason}.", code="bad-zip")
