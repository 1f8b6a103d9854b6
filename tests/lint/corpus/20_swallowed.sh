#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --gpus=4
#SBATCH --mem=120G
#SBATCH --time=600
#SBATCH --no-requeue
set -euo pipefail
cd run
srun -c 8 python train.py || echo "training failed"
