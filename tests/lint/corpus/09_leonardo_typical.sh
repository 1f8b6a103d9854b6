#!/bin/bash
#SBATCH --job-name=gen
#SBATCH --account="IscrB_AIRQ"
#SBATCH --partition=boost_usr_prod
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:a100:4
#SBATCH --cpus-per-task=10
#SBATCH --time=36:00:00
#SBATCH --error=/leonardo_work/IscrC_OTHER/logs/%j.err

module load cuda
export NCCL_IB_TIMEOUT=22
export TORCH_NCCL_ENABLE_MONITORING=0
srun --cpus-per-task=10 python train.py
if [ $? -ne 0 ]; then
  echo failed
  exit 1
fi
