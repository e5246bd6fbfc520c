"""How patch networks learn: through the same loop as detectors, whole batches varied as arrays."""
