#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --mem=16G
#SBATCH --time=10:00:00
#SBATCH --no-requeue
#SBATCH hetjob
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
set -eu
srun --het-group=1 --cpus-per-task=4 python train.py
