"""The programme of workshops, and one's own place in them."""
