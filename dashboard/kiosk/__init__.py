"""The screen at a machine: what became of the last tap."""
