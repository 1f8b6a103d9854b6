#!/bin/bash
#SBATCH --job-name=jupyter
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --gres=gpu:1
#SBATCH --mem=64G
#SBATCH --time=08:00:00
#SBATCH --no-requeue
module load python
tensorboard --logdir runs --bind_all --port 6006 &
streamlit run app.py --server.port 8501 &
python -m http.server 8000 --bind 127.0.0.1 &
jupyter lab --no-browser --ip=0.0.0.0 --port=8888
