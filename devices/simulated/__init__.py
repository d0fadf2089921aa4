"""Devices that behave in time, speak the real bytes and fail on demand: no sockets, no clock, no chance."""
