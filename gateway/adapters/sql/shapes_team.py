"""Upkeep and notes on screens in columns."""

from dataclasses import fields

from gateway.adapters.sql import schema
from gateway.adapters.sql.shapes import Shape
from gateway.domain.upkeep import ScreenNote, Upkeep

UPKEEP: Shape[Upkeep] = Shape(Upkeep, {field.name: schema.upkeep.c[field.name] for field in fields(Upkeep)})
SCREEN_NOTE: Shape[ScreenNote] = Shape(
    ScreenNote, {field.name: schema.screen_notes.c[field.name] for field in fields(ScreenNote)}
)
