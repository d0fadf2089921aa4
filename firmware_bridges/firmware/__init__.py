"""What runs on a device of ours: MicroPython. Nothing here imports anything of the other rooms."""
