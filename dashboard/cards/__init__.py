"""Printed cards: made, printed and taken back by the team."""
