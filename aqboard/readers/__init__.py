"""Read files nobody should trust: pickles, checkpoints, scan caches, logs. Nothing a file names is run."""
