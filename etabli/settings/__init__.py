"""Settings: what `etabli.toml` and the environment say, checked. Import from the files: reading them is heavy."""
