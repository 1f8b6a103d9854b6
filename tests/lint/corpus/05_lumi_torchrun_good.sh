#!/bin/bash
#SBATCH -A project_465000001
#SBATCH -p dev-g
#SBATCH -N 2
#SBATCH --ntasks-per-node=1
#SBATCH -t 3:00:00
#SBATCH --gpus-per-node=8
#SBATCH -c 56
#SBATCH --mem=480G
#SBATCH --no-requeue
set -o errexit
set -o pipefail
export NCCL_SOCKET_IFNAME=hsn0,hsn1,hsn2,hsn3
export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" bash -c 'torchrun --nnodes=$SLURM_NNODES --nproc_per_node=8 \
  --node_rank=$SLURM_NODEID --master_addr=$MASTER_ADDR train.py' 2>&1 | tee "train-$SLURM_JOB_ID.log"
