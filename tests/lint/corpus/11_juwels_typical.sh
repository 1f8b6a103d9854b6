#!/bin/bash -x
#SBATCH --account=hai_airq
#SBATCH --partition=largebooster
#SBATCH --nodes=96
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=48
#SBATCH --gres=gpu:4
#SBATCH --time=24:00:00
#SBATCH --output=/p/scratch/other_project/out.%j

export CUDA_VISIBLE_DEVICES=$SLURM_LOCALID
export NCCL_SOCKET_IFNAME=ib
srun python train.py &
wait
