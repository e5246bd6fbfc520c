"""Which values a sweep tries next, which trials end early, and what came of it; knows nothing of what is trained."""
