"""What a GO lets out, and what a NO-GO takes back: a folder with the scripts and the manifests that they verify.

    scripts/attempt-7-5ea15ea15ea1/     beside the database, or where AQBOARD_SCRIPTS says
        launch.sbatch                   carries the digest of manifest.json
        manifest.json                   what was signed; jobs refuse once manifest.json.withdrawn lies beside it
        canary/                         canary.sbatch and its own manifest, where the plan asks for one
        submit.sh                       canary, then launch, by hand

Each GO has a folder of its own, and nothing in it is ever overwritten: a job that waits in the queue keeps the manifest
that it was submitted with.
"""

import json
import shutil
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import LaunchError
from aqboard.domain.evidence import CacheEvidence, LossEvidence
from aqboard.domain.evidence_train import CostEvidence
from aqboard.domain.job.manifest import CodeState, LaunchManifest, SignedFile, SignedJob, withdrawn_marker
from aqboard.guard.build import build_manifest
from aqboard.guard.code_state import code_state
from aqboard.guard.names import MANIFEST, VERDICT
from aqboard.launch.canary import canary_job
from aqboard.launch.cluster import ClusterProfile
from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, Signed, render, render_canary, render_chain
from aqboard.location import scripts_folder
from aqboard.store import StoredAttempt, StoredScript

MAIN, CANARY, CHAIN = "launch.sbatch", "canary/canary.sbatch", "submit.sh"
"""Names in the folder of a GO."""

IMAGE = "cluster.container.image"


def release(path: Path, stored: StoredAttempt, approval: Approval) -> StoredScript:
    """Write the folder of `path` with everything a launch needs; `path` is the launch's own script.

    Raises OSError when it cannot be written, and LaunchError for what neither script nor manifest can hold.
    """
    folder, profile = path.parent, load_profile(stored.attempt.plan.cluster.profile)
    texts = _texts(folder, stored, approval, profile)
    # Whole or not at all: nobody submits half a launch.
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for name, text in texts.items():
        file = draft / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    draft.rename(folder)
    moment = approval.signoffs[-1].created_at
    return StoredScript(seal=approval.seal, path=str(path), text=texts[MAIN], recorded_at=moment)


def withdraw(database: Path, stored: StoredAttempt) -> None:
    """Take back what earlier GOs on the attempt let out.

    The scripts are renamed, and every manifest is marked, so that jobs that wait in the queue refuse too. Raises
    OSError.
    """
    for folder in _folders(database, stored):
        for manifest in folder.rglob(MANIFEST):
            withdrawn_marker(manifest).write_text("The sign-off was taken back; the attempt's record says by whom.\n")
        for script in (*folder.rglob("*.sbatch"), *folder.glob(CHAIN)):
            script.replace(script.with_suffix(".withdrawn"))


def released(database: Path, stored: StoredAttempt) -> tuple[Path, ...]:
    """The scripts of the attempt that can be submitted: let out, and not taken back."""
    return tuple(script for folder in _folders(database, stored) if (script := folder / MAIN).exists())


def carries(script: Path, sealed: str) -> bool:
    """Whether a released script was let out for this seal; its folder's name says so."""
    return sealed[:12] in script.parent.name.split("-")


def _folders(database: Path, stored: StoredAttempt) -> tuple[Path, ...]:
    """The folders of the attempt's GOs. Several databases may share the place, each with an attempt of this number."""
    named = sorted(scripts_folder(database).glob(f"attempt-{stored.number}-*/"))
    return tuple(folder for folder in named if _attempt_in(folder) in (stored.attempt.uid, ""))


def _attempt_in(folder: Path) -> str:
    """The uid of the attempt that a folder was written for; empty where its manifest does not say."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    return str(content.get("attempt", "")) if isinstance(content, dict) else ""


def script_path(database: Path, number: int, sealed: str) -> Path:
    """Where the script of the next GO will lie: named by attempt and seal, never by anything a user typed."""
    first = scripts_folder(database) / f"attempt-{number}-{sealed[:12]}"
    folder, again = first, 1
    while folder.exists():
        again += 1
        folder = first.with_name(f"{first.name}-{again}")
    return folder / MAIN


def _texts(folder: Path, stored: StoredAttempt, approval: Approval, profile: ClusterProfile) -> dict[str, str]:
    """Every file of the folder, by its name in it."""
    attempt = stored.attempt
    manifest = _manifest(folder, stored, approval)
    texts, digest = {MANIFEST: manifest.text}, ""
    if canary := canary_job(attempt.plan.cluster, profile):
        inside = folder / Path(CANARY).parent
        job = SignedJob(nodes=canary.nodes, gpus_per_node=canary.gpus_per_node)
        # Its own verdict, so that the launch does not find one beside its manifest before it has begun.
        small = manifest.model_copy(update={"job": job, "verdict_file": inside / VERDICT})
        texts[f"{inside.name}/{MANIFEST}"] = small.text
        texts[CANARY] = render_canary(attempt, profile, approval, _signed(inside, small)) or ""
        texts[CHAIN] = render_chain(attempt, approval, canary=CANARY, main=MAIN)
        digest = sha256(texts[CANARY].encode()).hexdigest()
    texts[MAIN] = render(
        attempt, profile, approval, _signed(folder, manifest), outcomes=stored.outcomes, canary_sha256=digest
    )
    return texts


def _signed(folder: Path, manifest: LaunchManifest) -> Signed:
    return Signed((folder / MANIFEST).as_posix(), manifest.sha256)


def _manifest(folder: Path, stored: StoredAttempt, approval: Approval) -> LaunchManifest:
    try:
        return build_manifest(
            stored.attempt,
            stored.number,
            approval.signoffs,
            folder,
            approval.signoffs[-1].created_at,
            until=approval.until,
            loss=stored.evidence(LossEvidence),
            cost=stored.evidence(CostEvidence),
            cache=stored.evidence(CacheEvidence),
            code=_code(stored.attempt),
            container=_container(stored.attempt),
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise LaunchError(f"The manifest cannot hold {where}: {fault['msg'].removeprefix('Value error, ')}.") from None


def _code(attempt: Attempt) -> CodeState | None:
    """The git state of the job's working directory, where this machine sees it and the job will find git.

    In a container it seldom will, and a launch must not be refused for that.
    """
    cluster = attempt.plan.cluster
    return None if cluster.container is not None else code_state(Path(cluster.workdir))


def _container(attempt: Attempt) -> SignedFile | None:
    for file in attempt.inputs:
        if file.key == IMAGE:
            return SignedFile.model_validate(file.model_dump(exclude={"md5"}))
    return None
