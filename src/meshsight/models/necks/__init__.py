"""Feature pyramid to feature pyramid; one kind a file."""
