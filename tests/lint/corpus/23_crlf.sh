#!/bin/bash
#SBATCH --nodes=1
#SBATCH --mem=8G
#SBATCH --no-requeue
python train.py
