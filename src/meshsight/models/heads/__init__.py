"""Feature pyramid to raw predictions, with their loss and decoding; one kind a file."""
