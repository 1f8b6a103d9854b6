#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=1-12
#SBATCH --no-requeue
export RANK=0 WORLD_SIZE=1
export HIP_VISIBLE_DEVICES=0 ROCR_VISIBLE_DEVICES=0
torchrun --standalone --nproc_per_node=4 train.py
