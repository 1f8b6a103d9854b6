#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=10:00:00
#SBATCH --no-requeue
set -euo pipefail
export RANK=0
unset RANK
LOCAL_RANK=0 srun -c 8 --export=ALL,RANK=0 python train.py
timeout 9h srun -c 8 singularity exec image.sif bash -lc "cd /work && python evaluate.py devices=2"
