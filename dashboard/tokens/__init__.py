"""Tokens of the API: handed out, listed and taken back by whoever administers the place."""
