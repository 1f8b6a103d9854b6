#!/bin/bash -e
#SBATCH --job-name=llm
#SBATCH --partition=gpu
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=12
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=2-00:00:00
#SBATCH --no-requeue
##SBATCH --mail-type=ALL
# SBATCH --nodes=$N

# Comments that look like directives stand above; none of them is one.
module load cuda/12.4
srun --ntasks-per-node=1 mkdir -p /tmp/cache
mkdir -p /tmp/cache
srun --cpus-per-task=12 --kill-on-bad-exit=1 \
  python train.py \
    --nodes "$SLURM_NNODES" \
    --devices 8
