"""Sign-in by phone number and one-time code, and invite codes, for Django."""

__version__ = "0.1.0"
