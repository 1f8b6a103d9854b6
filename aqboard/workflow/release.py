"""What a GO lets out, and what a NO-GO takes back: the files that people submit, beside the database."""

from pathlib import Path

from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render
from aqboard.store import StoredAttempt, StoredScript


def release(path: Path, stored: StoredAttempt, approval: Approval) -> StoredScript:
    """Write the script with its approval in the header to `path`; raises OSError when it cannot be written."""
    attempt = stored.attempt
    text = render(attempt, load_profile(attempt.plan.cluster.profile), approval)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: nobody submits half a script.
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return StoredScript(seal=approval.seal, path=str(path), text=text, recorded_at=approval.signoffs[-1].created_at)


def withdraw(folder: Path, number: int) -> None:
    """Take the scripts that earlier GOs wrote out of reach of sbatch; the store keeps their texts."""
    for path in folder.glob(f"attempt-{number}-*.sbatch"):
        path.replace(path.with_suffix(".withdrawn"))


def script_path(database: Path, number: int, sealed: str) -> Path:
    """Where a signed script lies: named by attempt and seal, never by anything a user typed."""
    return database.parent.resolve() / "scripts" / f"attempt-{number}-{sealed[:12]}.sbatch"
