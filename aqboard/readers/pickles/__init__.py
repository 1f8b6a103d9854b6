"""Read a pickle without importing or calling anything that it names."""
