"""From a plan to sbatch text: cluster profiles, limits, cost, and the script that carries the sign-off."""
