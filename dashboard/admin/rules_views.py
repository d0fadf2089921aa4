"""Rules as sentences, with what a lab says inside them; and what is typed there, as the domain reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.policy import DAYS, OFF, Said, settings_of, tell_policy
from gateway.domain.roles import OF_PEOPLE
from gateway.domain.use_policy import UsePolicy
from gateway.wording import Words

POLICIES: Mapping[str, type[Any]] = {"use": UsePolicy, "booking": BookingPolicy}
GAP = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: the sentence around its value, and what stands there."""

    name: str
    before: str
    after: str
    kind: str
    """``number``, ``flag``, ``hours``, ``roles`` or ``words``."""
    typed: str
    wrong: str | None


def kind_of(schema: Mapping[str, Any]) -> str:
    """How a value is typed."""
    kinds = {"integer": "number", "boolean": "flag", "array": "hours", "object": "words"}
    return "roles" if "enum" in schema.get("items", {}) else kinds[str(schema["type"])]


def rules_of(policy: str, words: Words, typed: Mapping[str, str], wrong: Mapping[str, str]) -> list[Rule]:
    """Every rule of a policy in the order of the domain."""
    found = []
    for key, setting in settings_of(POLICIES[policy]).items():
        before, _, after = words(f"rules.{policy}_policy.{key}", value=GAP).partition(GAP)
        name = f"{policy}.{key}"
        found.append(
            Rule(
                name=name, before=before, after=after, kind=kind_of(setting.schema), typed=typed.get(name, ""),
                wrong=wrong.get(name),
            )
        )  # fmt: skip
    return found


def typed_of(use: Said | None, booking: Said | None, words: Words) -> dict[str, str]:
    """What one layer says, as it stands in the form."""
    found = {}
    for policy, said in (("use", use), ("booking", booking)):
        for key, value in (said or {}).items():
            found[f"{policy}.{key}"] = shown(value, words)
    return found


def shown(value: Any, words: Words) -> str:
    """A value as people type it."""
    if value == OFF:
        return words("rules.off")
    if isinstance(value, bool):
        return words("rules.on" if value else "rules.off")
    if isinstance(value, list) and all(each in OF_PEOPLE for each in value):
        return ", ".join(words(f"account.role.{each}").lower() for each in value)
    if isinstance(value, list):
        return ", ".join(_days(str(each), DAYS, words("rules.days").split()) for each in value)
    if isinstance(value, dict):
        return words.own(value)
    return str(value)


def _days(text: str, old: tuple[str, ...] | list[str], new: tuple[str, ...] | list[str]) -> str:
    """Hours of the week with their days in another language."""
    days, space, hours = text.strip().lower().partition(" ")
    names = dict(zip(old, new, strict=True))
    return "-".join(names.get(day, day) for day in days.split("-")) + space + hours


def read_rules(told: Mapping[str, str], before: Mapping[str, Said | None], words: Words) -> dict[str, dict[str, Any]]:
    """What the form says, by policy; None takes a key back. The domain judges the values."""
    found: dict[str, dict[str, Any]] = {"use": {}, "booking": {}}
    for policy, kind in POLICIES.items():
        for key, setting in settings_of(kind).items():
            text = told.get(f"{policy}.{key}", "").strip()
            value = _value(text, kind_of(setting.schema), words, (before.get(policy) or {}).get(key))
            if value is not None or key in (before.get(policy) or {}):
                found[policy][key] = value
    return found


def _value(text: str, kind: str, words: Words, before: Any) -> Any:
    if not text:
        return None
    if text.casefold() in (words("rules.off"), OFF):
        return OFF
    if kind == "number":
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if kind == "flag":
        return True if text.casefold() in (words("rules.on"), "1") else text
    if kind == "roles":
        named = {words(f"account.role.{role}").lower(): role.value for role in OF_PEOPLE}
        return [named.get(each.strip().casefold(), each.strip()) for each in text.split(",")]
    if kind == "words":
        kept = before if isinstance(before, dict) else {}
        # French is always there; the other language is changed only by whoever speaks it.
        return {"fr": text, **kept, words.lang: text}
    return [_days(each, words("rules.days").split(), DAYS) for each in text.split(",")]


def sentences(policy: str, in_force: Any, words: Words) -> list[str]:
    """What is in force, in words."""
    return [
        words(f"rules.{policy}_policy.{key}", value=shown(value, words)) for key, value in tell_policy(in_force).items()
    ]
