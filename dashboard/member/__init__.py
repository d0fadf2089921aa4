"""A member's own pages: what is theirs, what they lack, and what they can do about it."""
