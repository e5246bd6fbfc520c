"""Runs exported detectors without torch."""
