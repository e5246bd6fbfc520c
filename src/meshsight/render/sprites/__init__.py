"""What the `composite` renderer is made of: sprites, the bank that keeps them, and how they are put together."""
