"""Codes and values in, sentences out."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.floor import BoardState
from gateway.domain.refusals import ACCOUNT_MATTERS, Code, NextStep
from gateway.wording.catalogue import LANGUAGES, Catalogue, catalogue
from gateway.wording.moments import plural, say_date, say_duration, say_moment

MOMENTS = frozenset({"until", "since", "back_at", "opens_at", "starts", "ends", "at"})
"""Parameters that are times, also when they come out of an event as ISO 8601 text."""


@dataclass(frozen=True, slots=True)
class Said:
    """A headline and the sentence under it, which may be empty."""

    title: str
    sentence: str = ""


class Words:
    """How one language speaks, at one moment, in one lab's zone."""

    def __init__(self, lang: str, *, zone: str | tzinfo, now: datetime) -> None:
        self.lang = lang if lang in LANGUAGES else LANGUAGES[0]
        self._words: Catalogue = catalogue(self.lang)
        self._zone: tzinfo = ZoneInfo(zone) if isinstance(zone, str) else zone
        self._now = now

    def __call__(self, key: str, **params: Any) -> str:
        """The sentence of that key; variants are tried in order, ``count`` chooses the plural."""
        entry, params = self._words[key], {name: _read(name, value) for name, value in params.items()}
        if isinstance(entry, dict):
            return self._fill(entry[plural(params["count"], self.lang)], params)
        return self._first((entry,) if isinstance(entry, str) else entry, params)

    def has(self, key: str) -> bool:
        """Whether there is a sentence of that key."""
        return key in self._words

    def at(self, zone: tzinfo) -> "Words":
        """The same language by the clocks of another place."""
        return Words(self.lang, zone=zone, now=self._now)

    def moment(self, moment: datetime, how: str = "on") -> str:
        """A time as people say it."""
        return say_moment(moment, how, self._words, self._zone, self._now)

    def date(self, day: date) -> str:
        """A day with its year, as people write it."""
        return say_date(day, self._words)

    def duration(self, seconds: float) -> str:
        """A length of time as people say it."""
        return say_duration(timedelta(seconds=seconds), self._words)

    def number(self, value: float) -> str:
        """A measured value, with one decimal where that says something."""
        text = f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.1f}"
        return text.replace(".", ",") if self.lang == "fr" else text

    def own(self, names: Mapping[str, str]) -> str:
        """A text written by the lab, in this language or else in French."""
        return names.get(self.lang) or names.get("fr") or next(iter(names.values()), "")

    def state(self, state: BoardState) -> Said:
        """A tile's word and sentence."""
        params = dict(state.params)
        if "alarm" in params:
            params["text"] = self.alarm(str(params["alarm"]))
        sentence = "booked" if params.get("booking_needed") else "sentence"
        return Said(self(f"state.{state.key}.word"), self(f"state.{state.key}.{sentence}", **params))

    def alarm(self, code: str) -> str:
        """What a machine's alarm means to people."""
        return self(f"alarm.{code}" if self.has(f"alarm.{code}") else "alarm.other")

    def say(self, code: Code | str, params: Mapping[str, Any], *, public: bool = False) -> Said:
        """A refusal. On a ``public`` screen account matters say only to come to the desk."""
        key = f"refusal.{code}"
        if public and code in ACCOUNT_MATTERS:
            key = "verdict.account"
        elif not self.has(f"{key}.title"):
            key = f"refusal.{Code.SYSTEM_UNAVAILABLE}"
        return Said(self(f"{key}.title", **params), self(f"{key}.why", **params))

    def next_step(self, step: NextStep | str, params: Mapping[str, Any]) -> str:
        """What the person can do now."""
        return self(f"next.{step}", **params)

    def verdict(self, name: str, **params: Any) -> Said:
        """The answer to a tap that was not refused: ``starting``, ``on``, ``again``, ``session_closed`` …"""
        return Said(self(f"verdict.{name}.title", **params), self(f"verdict.{name}.why", **params))

    def _first(self, variants: Iterable[str], params: Mapping[str, Any]) -> str:
        for text in variants:
            if all(params.get(name) is not None for _, name, _ in _parts(text) if name):
                return self._fill(text, params)
        return ""

    def _fill(self, text: str, params: Mapping[str, Any]) -> str:
        return "".join(
            [
                before if name is None else f"{before}{self._said(params[name], how)}"
                for before, name, how in _parts(text)
            ]
        )

    def _said(self, value: Any, how: str) -> str:
        if isinstance(value, datetime):
            return self.moment(value, how or "on")
        if isinstance(value, Mapping):
            return self.own(value)
        return self.duration(float(value)) if how == "duration" else format(value, how)


@cache
def _parts(text: str) -> tuple[tuple[str, str | None, str], ...]:
    """A sentence as it is filled: what stands before each name, the name, and how to say it."""
    return tuple((before, name, how or "") for before, name, how, _ in string.Formatter().parse(text))


def _read(name: str, value: Any) -> Any:
    """Times that travelled through JSON are times again; a reason typed by staff ends like a sentence."""
    if name == "reason" and isinstance(value, str):
        return value if value.rstrip().endswith((".", "!", "?", "…")) else f"{value.rstrip()}."
    if name not in MOMENTS or not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
