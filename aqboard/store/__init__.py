"""SQLite, append-only: attempts, evidence, findings, sign-offs, scripts. The only place with SQL."""

from aqboard.store.records import AttemptRow, StoredAttempt, StoredScript
from aqboard.store.store import Store

__all__ = ["AttemptRow", "Store", "StoredAttempt", "StoredScript"]
