"""Parts of the DOTA format: rows."""
