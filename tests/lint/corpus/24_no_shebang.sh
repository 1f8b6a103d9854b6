#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --mem=8G
#SBATCH --no-requeue
#SBATCH --time=1h
python train.py
