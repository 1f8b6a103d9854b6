#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=10:00:00
#SBATCH --no-requeue
set -euo pipefail
srun --cpus-per-task=8 bash -s <<'TASK'
export TRITON_CACHE_DIR=$HOME/.triton
export RANK=$SLURM_PROCID
torchrun --nproc_per_node=4 train.py
TASK
