"""Every route about accounts."""

from fastapi import APIRouter

from dashboard.accounts import card, endpoints, factor, mine, passkeys
from dashboard.cards import endpoints as cards
from dashboard.tokens import endpoints as tokens

router = APIRouter()
for part in (endpoints, mine, factor, card, passkeys, cards, tokens):
    router.include_router(part.router)
