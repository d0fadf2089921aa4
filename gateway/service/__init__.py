"""Use cases: read once, decide purely, write once. ``routes`` is the map of the program."""
