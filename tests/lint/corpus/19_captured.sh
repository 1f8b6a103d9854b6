#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --gpus=4
#SBATCH --mem=120G
#SBATCH --time=600
#SBATCH --no-requeue
set -e
set -o pipefail
module load anaconda
set +e
srun -c 8 python train.py
status=$?
set -e
rsync -a results/ "$HOME/results/"
exit "$status"
