"""How much a file may ask for.

Protects against bombs: a few bytes that make a reader allocate or compute without end. A `Budget` is shared by
everything read from one file, nested streams included, so that repeating a small trick does not multiply it.
"""

from dataclasses import dataclass, field

from aqboard.readers.errors import ReadError


@dataclass(frozen=True)
class Limits:
    """Upper bounds for one file, about ten times what the largest honest cache or checkpoint needs."""

    opcodes: int = 5_000_000
    objects: int = 1_000_000
    pickle_bytes: int = 128 << 20
    copied_bytes: int = 96 << 20
    depth: int = 64
    tuple_keys: int = 1_000
    integer_bytes: int = 1_024
    members: int = 100_000
    directory_bytes: int = 16 << 20
    inflated_bytes: int = 96 << 20
    header_bytes: int = 6 << 20
    expanded_elements: int = 1 << 22


LIMITS = Limits()


@dataclass
class Budget:
    """What is left to spend while one file is read."""

    limits: Limits = field(default_factory=lambda: LIMITS)
    opcodes: int = 0
    objects: int = 0
    copied_bytes: int = 0
    tuple_keys: int = 0

    def opcodes_left(self) -> int:
        """Opcodes that may still be executed."""
        return max(0, self.limits.opcodes - self.opcodes)

    def refuse_opcodes(self) -> None:
        """Say that there were too many opcodes (`too-many-opcodes`)."""
        raise ReadError(
            f"The pickle has more than {self.limits.opcodes} opcodes; no cache or checkpoint needs so many.",
            code="too-many-opcodes",
        )

    def spend_objects(self, count: int) -> None:
        """Count containers, and elements copied from one container to another (`bomb`)."""
        self.objects += count
        if self.objects > self.limits.objects:
            raise ReadError(
                f"The pickle builds more than {self.limits.objects} objects; it is made to exhaust memory.",
                code="bomb",
            )

    def spend_bytes(self, count: int) -> None:
        """Count bytes copied or parsed again out of strings already read (`bomb`)."""
        self.copied_bytes += count
        if self.copied_bytes > self.limits.copied_bytes:
            raise ReadError(
                f"The pickle copies more than {self.limits.copied_bytes >> 20} MB out of its own strings; "
                "it is made to exhaust memory.",
                code="bomb",
            )

    def spend_tuple_key(self) -> None:
        """Count tuples used as keys: their hash can be forged, so many of them could collide (`bomb`)."""
        self.tuple_keys += 1
        if self.tuple_keys > self.limits.tuple_keys:
            raise ReadError(f"The pickle has more than {self.limits.tuple_keys} tuples as keys.", code="bomb")
