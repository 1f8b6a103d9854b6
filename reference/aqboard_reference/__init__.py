"""The reference model, its data and its demo: a plugin of aqboard like any other."""
