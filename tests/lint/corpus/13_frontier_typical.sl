#!/bin/bash
#SBATCH -A ABC123
#SBATCH -J train
#SBATCH -o train.o%j
#SBATCH -t 12:00:00
#SBATCH -p batch
#SBATCH -N 50

cd /lustre/orion/xyz789/proj-shared/run
source activate torch
export MIOPEN_USER_DB_PATH="/tmp/my-miopen-cache"
export MIOPEN_CUSTOM_CACHE_DIR=${MIOPEN_USER_DB_PATH}
rm -rf ${MIOPEN_USER_DB_PATH}
mkdir -p ${MIOPEN_USER_DB_PATH}
srun -N50 -n400 --ntasks-per-node=8 -c8 python train.py
