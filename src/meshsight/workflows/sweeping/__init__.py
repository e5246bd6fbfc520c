"""The parts of `sweep`: what is written down, which recipes trials get, what is shown."""
