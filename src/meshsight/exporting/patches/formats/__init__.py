"""What a patch network can be exported to; one kind a file."""
