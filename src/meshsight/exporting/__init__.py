"""Turns a trained detector into an artifact that runs without torch."""
