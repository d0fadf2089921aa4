"""What a device says and means: messages, topics, protocols and simulated behaviour. No I/O, no clock."""
