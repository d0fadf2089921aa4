"""Where simulated devices meet the world: a pty, a socket or a topic for each."""
