#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=10:00:00
#SBATCH --no-requeue
set -euo pipefail
args=(--kill-on-bad-exit=1 --cpus-per-task=8)
args+=(--wait=60)
command=(accelerate launch --num_processes 8 train.py)
time srun "${args[@]}" "${command[@]}"
