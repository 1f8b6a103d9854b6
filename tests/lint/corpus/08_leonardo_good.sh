#!/bin/bash
#SBATCH --job-name=weather
#SBATCH --account=IscrB_AIRQ
#SBATCH --partition=boost_usr_prod
#SBATCH --qos=normal
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --cpus-per-task=8
#SBATCH --mem=480G
#SBATCH --time=24:00:00
#SBATCH --output=%x-%j.out
#SBATCH --requeue
#SBATCH --open-mode=append

set -o errexit; set -o pipefail
module load profile/deeplrn cineca-ai/4.3.0
source /leonardo_work/IscrB_AIRQ/venv/bin/activate
export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK
export MASTER_ADDR=$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n 1)
exec srun python train.py --devices 4 --num_nodes 4
