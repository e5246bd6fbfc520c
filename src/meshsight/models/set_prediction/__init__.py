"""What all query detectors share: matching, losses, padding, and the door to transformers."""
