"""Data sets from an address that the user gives: downloaded once, checked, unpacked into the cache folder."""
