"""What the pages say about themselves."""
