"""What a session asks its backend for."""

from pydantic import JsonValue

from aqboard.domain.plan import LaunchPlan
from aqboard.launch.check_job import check_job
from aqboard.launch.profile import load_profile
from aqboard.sessions.backends.slurm import SlurmBackend


def resources_for(backend_name: str, plan: LaunchPlan) -> dict[str, JsonValue]:
    """From the plan and its cluster's profile; nothing for a backend that understands nothing.

    Raises LaunchError when the profile cannot be read, or the job cannot run there.
    """
    if backend_name != SlurmBackend.name:
        return {}
    return check_job(plan, load_profile(plan.cluster.profile)).model_dump(mode="json")
