#!/bin/bash

# Parameters
#SBATCH --account=project_1
#SBATCH --error='/STUB/a session'"'"'s folder/submitit/%j_0_log.err'
#SBATCH --job-name=NAME
#SBATCH --no-requeue
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --open-mode=append
#SBATCH --output='/STUB/a session'"'"'s folder/submitit/%j_0_log.out'
#SBATCH --partition=small
#SBATCH --signal=CONT@60
#SBATCH --time=30

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output '/STUB/a session'"'"'s folder/submitit/%j_%t_log.out' --error '/STUB/a session'"'"'s folder/submitit/%j_%t_log.err' --kill-on-bad-exit=1 apptainer exec image.sif python3 -P -u -m submitit.core._submit '/STUB/a session'"'"'s folder/submitit'
