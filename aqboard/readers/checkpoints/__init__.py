"""Checkpoints: zip and legacy layouts, safetensors, their tensors, settings and health."""
