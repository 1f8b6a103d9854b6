#!/bin/bash
#SBATCH --account=project_465000001  # aqboard: ignore memory the partition's default is all of it
#SBATCH --partition=standard-g
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --time=01:00:00
#SBATCH --no-requeue
set -euo pipefail
export NCCL_SOCKET_IFNAME=hsn0,hsn1,hsn2,hsn3
# aqboard: ignore 12 the data of the neighbouring project are shared with us
DATA=/scratch/project_465000009/era5
export WORLD_SIZE=$SLURM_NTASKS  # aqboard: ignore rank
# aqboard: ignore nothing-like-this because
# aqboard: ignore cpus-per-task measured: one core is enough for this loader
srun --cpu-bind=verbose \
  python train.py "$DATA"
