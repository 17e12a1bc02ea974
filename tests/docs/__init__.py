"""The documentation says what the code does: names are compared both ways, and examples run."""
