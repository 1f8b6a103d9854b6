"""What runs inside the training job: it stops what is not what was signed."""
