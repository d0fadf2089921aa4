"""Booking: choose a machine or a kind, a day, a start; read one sentence; say yes."""
