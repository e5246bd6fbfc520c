"""One function for each verb: composes the stages; the same functions are the Python interface."""
