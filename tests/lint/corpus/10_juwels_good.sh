#!/usr/bin/env bash
#SBATCH --account=hai_airq
#SBATCH --partition=develbooster
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=24
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=02:00:00
#SBATCH --no-requeue
#SBATCH --output=/p/project1/hai_airq/logs/%j.out

set -eu
export SRUN_CPUS_PER_TASK="$SLURM_CPUS_PER_TASK"
MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)i"
export MASTER_ADDR
source sc_venv_template/activate.sh
srun --cpu-bind=none env CUDA_VISIBLE_DEVICES=0,1,2,3 bash -c 'torchrun_jsc=1 python -u main.py'
