"""Image to feature pyramid; one kind a file."""
