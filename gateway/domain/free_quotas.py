"""Starts that a quota of booking forbids: those from which one booking more would be too much."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.booking_quotas import prime_spans
from gateway.domain.quota import local_day, local_week, seconds_in
from gateway.domain.timespan import Span

Cut = tuple[datetime, datetime]
"""An open span of starts that are forbidden; its edges are not."""
_FAR = timedelta(days=3660)
_NONE = timedelta(0)


def over_quota(
    policy: BookingPolicy, others: tuple[Span, ...], length: timedelta, window: Span, zone: ZoneInfo, now: datetime
) -> list[Cut]:
    """Every forbidden start of a booking in the window beside the member's ``others``, in order."""
    cuts = _over_quota(policy, others, length, window, zone, now)
    if not policy.same_day_free:
        return cuts
    tomorrow = local_day(now, zone).ends
    return [(max(after, tomorrow - timedelta.resolution), until) for after, until in cuts if until > tomorrow]


def _over_quota(
    policy: BookingPolicy, others: tuple[Span, ...], length: timedelta, window: Span, zone: ZoneInfo, now: datetime
) -> list[Cut]:
    if _nothing_to_come(policy, others, length, Span(now, now + _FAR)):
        return [(window.starts - length, window.ends + length)]
    cuts: list[Cut] = []
    for minutes, count, period in (
        (policy.day_minutes, policy.day_count, local_day),
        (policy.week_minutes, policy.week_count, local_week),
    ):
        for each in _periods(window, zone, period) if minutes is not None or count is not None else ():
            if minutes is not None:
                cuts += starts_with_more(length, (each,), _left(minutes, (each,), others))
            if count is not None and sum(other.overlaps(each) for other in others) >= count:
                cuts += starts_with_more(length, (each,), _NONE)
    if policy.prime_minutes is not None:
        for week in _periods(window, zone, local_week):
            prime = prime_spans(policy.prime_hours, week, zone)
            cuts += starts_with_more(length, prime, _left(policy.prime_minutes, prime, others))
    return sorted(cuts)


def _nothing_to_come(policy: BookingPolicy, others: tuple[Span, ...], length: timedelta, to_come: Span) -> bool:
    minutes, count = policy.future_minutes, policy.future_count
    if minutes is not None and length > _left(minutes, (to_come,), others):
        return True
    return count is not None and sum(other.overlaps(to_come) for other in others) >= count


def _left(minutes: int, spans: Iterable[Span], others: tuple[Span, ...]) -> timedelta:
    used = sum(seconds_in(span, others) for span in spans)
    return max(_NONE, timedelta(minutes=minutes, seconds=-used))


def _periods(window: Span, zone: ZoneInfo, period: Callable[[datetime, ZoneInfo], Span]) -> Iterator[Span]:
    at = window.starts
    while at < window.ends:
        found = period(at, zone)
        yield found
        at = found.ends


def starts_with_more(length: timedelta, spans: tuple[Span, ...], most: timedelta) -> list[Cut]:
    """Starts from which a booking of that length shares more than ``most`` with the spans, which are apart."""
    # What is shared is linear between these, and rises or falls by a second each second.
    edges = sorted({edge - back for span in spans for edge in (span.starts, span.ends) for back in (_NONE, length)})
    shared = [_shared(Span(edge, edge + length), spans) for edge in edges]
    found: list[Cut] = []
    for i in range(len(edges) - 1):
        here, there = shared[i], shared[i + 1]
        if max(here, there) <= most:
            continue
        lasts = edges[i] if here > most else edges[i] + (most - here)
        until = edges[i + 1] if there > most else edges[i + 1] - (most - there)
        if found and here > most:
            found[-1] = (found[-1][0], until)
        else:
            found.append((lasts, until))
    return found


def _shared(booking: Span, spans: tuple[Span, ...]) -> timedelta:
    parts = (min(span.ends, booking.ends) - max(span.starts, booking.starts) for span in spans)
    return sum((part for part in parts if part > _NONE), _NONE)
