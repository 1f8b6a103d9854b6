#!/bin/bash
#SBATCH --account=project_465000001
#SBATCH --partition=standard-gpu
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=7
#SBATCH --mem=0
#SBATCH --time=1-00:00:00
#SBATCH --no-requeue
set -e
export SRUN_CPUS_PER_TASK=7
srun singularity run /appl/local/containers/sif-images/lumi-pytorch.sif python train.py
