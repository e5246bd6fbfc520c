"""One file for each kind of exported graph."""
