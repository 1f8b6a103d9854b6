#!/bin/bash -l
#SBATCH --job-name=examplejob
#SBATCH --partition=standard-g
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --mem=0
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --account=project_465000001

cat << EOF > select_gpu
#!/bin/bash
#SBATCH --nodes=9999
export ROCR_VISIBLE_DEVICES=\$SLURM_LOCALID
export RANK=\$SLURM_PROCID
exec \$*
EOF
chmod +x ./select_gpu

export NCCL_SOCKET_IFNAME=hsn0,hsn1,hsn2,hsn3
CPU_BIND="map_cpu:49,57,17,25,1,9,33,41"
srun --cpu-bind=${CPU_BIND} ./select_gpu python train.py
rm -rf ./select_gpu
