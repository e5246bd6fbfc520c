"""What `doctor` asks of this machine: each probe is a program of its own, for a driver may end the process that asks.

A probe writes one line to stdout, what it found, and ends with 0; or one line to stderr, what is wrong, and ends with
1.
"""
