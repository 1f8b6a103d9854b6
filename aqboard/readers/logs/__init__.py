"""Training logs: CSV and TensorBoard event files."""
