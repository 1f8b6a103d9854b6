#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=10:00:00
#SBATCH --no-requeue
set -euo pipefail
export SRUN_CPUS_PER_TASK=8
srun --overlap --ntasks-per-node=1 nvidia-smi -l 60 > gpu.log &
watcher=$!
srun python train.py --lr 1e-4 &
training=$!
wait "$training"
kill "$watcher"
