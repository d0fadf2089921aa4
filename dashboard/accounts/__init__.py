"""Who is looking: signing in and out, one's account, and what every other page may ask about it."""
