"""Races against a real server with several processes, from outside."""
