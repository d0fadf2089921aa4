"""Pure rules and values of the lab: no I/O, no clock, no randomness."""
