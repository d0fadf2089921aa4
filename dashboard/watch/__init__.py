"""The floor as the team watches it: what needs somebody, every machine, and what can be done from afar."""
