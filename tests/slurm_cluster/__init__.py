"""A real Slurm on this machine, for tests: Debian's munged, slurmctld and slurmd on loopback, in a folder of their own.

with running(real=2) as cluster:
    subprocess.run(["sbatch", ...], env=cluster.environment())
"""

from tests.slurm_cluster.cluster import SlurmCluster, running
from tests.slurm_cluster.layout import ACCOUNT, Layout

__all__ = ["ACCOUNT", "Layout", "SlurmCluster", "running"]
