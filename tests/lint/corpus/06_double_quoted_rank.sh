#!/bin/bash
#SBATCH --account=project_465000001
#SBATCH --partition=dev-g
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --mem=0
#SBATCH --time=00:30:00
#SBATCH --no-requeue
set -euo pipefail
export NCCL_SOCKET_IFNAME=hsn0,hsn1,hsn2,hsn3
export SRUN_CPUS_PER_TASK=7
# In double quotes the batch step puts its own 0 in, for every task.
srun --cpu-bind=mask_cpu:fe,fe00,fe0000,fe000000,fe00000000,fe0000000000,fe000000000000,fe00000000000000 \
  bash -c "export RANK=$SLURM_PROCID
    export LOCAL_RANK=\$SLURM_LOCALID
    python train.py"
