"""Export formats; one kind a file."""
