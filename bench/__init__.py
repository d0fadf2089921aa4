"""The figures: each module has ``measure() -> list[Figure]``; ``python -m bench`` prints them all."""
