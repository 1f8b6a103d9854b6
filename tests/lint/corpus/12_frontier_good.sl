#!/bin/bash
#SBATCH -A abc123
#SBATCH -J resnet
#SBATCH -o %x-%j.out
#SBATCH -t 02:00:00
#SBATCH -p batch
#SBATCH -N 64
#SBATCH --mem=0
#SBATCH --no-requeue

set -e
cd /lustre/orion/abc123/scratch/$USER/run
module load PrgEnv-gnu rocm
export NCCL_SOCKET_IFNAME=hsn0,hsn1,hsn2,hsn3
export MASTER_ADDR=$(hostname -i)
srun -N 64 -n 512 -c 7 --gpus-per-task=1 --gpu-bind=closest python3 -u train.py
