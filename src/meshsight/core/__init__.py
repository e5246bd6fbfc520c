"""Conventions in code: errors, kinds, randomness, poses, cameras, boxes, masks, images, files."""
