#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --mem=8G
#SBATCH --no-requeue
# évaluation du modéle
python evaluate.py
