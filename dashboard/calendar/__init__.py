"""Calendars that people subscribe to, and one booking as a file for theirs."""
