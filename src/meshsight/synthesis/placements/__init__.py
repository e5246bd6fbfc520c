"""Kinds of placement: where the objects are."""
