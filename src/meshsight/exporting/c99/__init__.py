"""Patch networks as plain C99, for a robot."""
