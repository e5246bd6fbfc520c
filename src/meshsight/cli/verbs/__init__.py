"""One light file for each verb: its options, its help, and how its result reads."""
