"""How a device is reached: serial, HTTP, vendor MQTT dialects. No rules."""
