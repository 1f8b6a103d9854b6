#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --mem=0
#SBATCH --time=10:00:00
#SBATCH --no-requeue
# Nothing here stops at a failure, and the function's srun is followed by a copy.
prepare() {
  cd "$SLURM_SUBMIT_DIR"
  export LOCAL_RANK=0
}
run() {
  if [[ -n "${DEBUG:-}" ]]; then
    srun --cpus-per-task=8 python -m pdb train.py
  else
    srun --cpus-per-task=8 python train.py
  fi
}
never_called() { srun torchrun train.py; }
prepare
run
cp result.csv "$HOME/results/"
