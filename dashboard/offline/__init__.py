"""Installed on a telephone, and read without a network."""
