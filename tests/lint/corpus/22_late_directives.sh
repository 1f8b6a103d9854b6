#!/bin/bash
#SBATCH --job-name=late
#SBATCH --output=$HOME/logs/%j.out
  #SBATCH --mem=64G
NODES=4
#SBATCH --nodes=4
#SBATCH --time=01:00:00
python train.py
