"""Protocols only, one per file: what the rules and use cases ask of the world."""
