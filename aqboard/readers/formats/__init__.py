"""File formats, read without importing or calling anything that a file names: pickles, zip, safetensors, npz."""
