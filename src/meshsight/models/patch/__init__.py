"""Tiny networks that look at one patch: is there a ball, and where is its circle."""
