"""The demo: a French lab in one process, simulated devices on real protocols, and people who live in it."""
