"""The JSON API, version 1: it only ever grows."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1")
