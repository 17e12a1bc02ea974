"""User models that sites have, beside Django's own."""
