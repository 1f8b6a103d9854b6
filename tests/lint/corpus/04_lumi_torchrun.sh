#!/bin/bash
#SBATCH -A project_465000001
#SBATCH -p small-g
#SBATCH -N 4
#SBATCH -n 32
#SBATCH -t 48:00:00
#SBATCH --gpus-per-node=mi250:8
#SBATCH --cpus-per-task=7
#SBATCH --mem-per-gpu=60G
#SBATCH --no-requeue
set -e
source /scratch/project_465000001/venv/bin/activate
export NCCL_SOCKET_IFNAME=hsn0,hsn1,hsn2,hsn3
export MASTER_ADDR=$(hostname)
srun -c 7 --cpu-bind=cores torchrun --nnodes=4 --nproc_per_node=8 --rdzv_backend=c10d \
  --rdzv_endpoint=$MASTER_ADDR:29400 train.py
