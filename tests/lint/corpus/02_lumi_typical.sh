#!/bin/bash
#SBATCH --job-name=topoflow
#SBATCH --account=project_465000002
#SBATCH --partition=standard-g
#SBATCH --nodes=50
#SBATCH --gpus-per-node=8
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=3-00:00:00
#SBATCH --output=logs/train_%j.out

cd /scratch/project_465000001/aq_net

export MASTER_ADDR=$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n 1)
export MASTER_PORT=29500
export WORLD_SIZE=$SLURM_NTASKS
export RANK=$SLURM_PROCID
export LOCAL_RANK=$SLURM_LOCALID

export NCCL_SOCKET_IFNAME=hsn
export MIOPEN_USER_DB_PATH=/scratch/project_465000001/miopen
export MIOPEN_DISABLE_CACHE=1
export NCCL_ASYNC_ERROR_HANDLING=0

srun python main.py fit --config config.yaml --trainer.num_nodes=32 --trainer.devices=8
echo "finished at $(date)"
