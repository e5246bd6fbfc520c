"""Weights that other libraries trained, under our names; beside the walk, before step 6."""
