"""The roof: the `etabli` command and the wiring. Chooses which adapter is real, starts and stops the parts."""
