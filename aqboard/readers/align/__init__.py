"""How the keys of a checkpoint map onto those of a model."""
