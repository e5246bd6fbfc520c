"""Kinds of camera: where it stands and where it looks."""
