"""Step 0 of the walk: what is wanted, as frozen data with unknown keys refused."""
