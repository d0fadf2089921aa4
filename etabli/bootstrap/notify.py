"""What leaves the house: the lab's channels, the sink that fills their queues, and a worker for each."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from etabli.bootstrap.parts import Basis
from etabli.settings.load import secret
from etabli.settings.models import Settings
from etabli.supervisor import Supervisor
from gateway.domain.notices import EMAIL, House
from gateway.domain.quiet import QuietHours
from gateway.ports.errors import StoreUnavailable
from gateway.ports.notify import Post
from gateway.ports.store import SOON_S, Store
from gateway.service.deliver import Deliver
from gateway.service.letters_now import LettersNow
from gateway.service.notify import NoticeSink
from gateway.service.notify_send import HookQueue, NoticeQueue, run
from gateway.service.notify_words import LabWords

STAGE = 1
KEEP_HOUSE_S = 3600.0


def house(settings: Settings) -> House:
    """How this lab sends."""
    told = settings.notify
    channels = ((EMAIL,) if told.email else ()) + tuple(each.slug for each in told.channels)
    quiet = QuietHours.of(told.quiet) if told.quiet else None
    return House(channels=channels, quiet=quiet, zone=ZoneInfo(settings.lab.timezone))


def _email(settings: Settings) -> Post | None:
    email = settings.notify.email
    if email is None:
        return None
    from gateway.adapters.notify_smtp import SmtpPost, SmtpServer

    password = secret(email.password_file, "notify.email.password_file") if email.password_file else None
    return SmtpPost(
        SmtpServer(
            host=email.host, port=email.port, sender=email.sender, name=settings.lab.name,
            security=email.security, username=email.username, password=password,
        )
    )  # fmt: skip


def add_letters(supervisor: Supervisor, basis: Basis) -> LettersNow | None:
    """What sends links for signing in, where the lab sends e-mail."""
    post = _email(basis.settings)
    if post is None:
        return None
    letters = LettersNow(post, basis.clock)
    supervisor.add("letters", letters.run, stage=STAGE)
    return letters


def _posts(settings: Settings) -> Iterator[tuple[str, Post]]:
    email = _email(settings)
    if email is not None:
        yield EMAIL, email
    for channel in settings.notify.channels:
        from gateway.adapters.notify_apprise import ApprisePost

        yield channel.slug, ApprisePost(secret(channel.url_file, "notify.channels.url_file"))


def add_notify(supervisor: Supervisor, basis: Basis, store: Store, deliver: Deliver) -> None:
    """The sink and one worker per way out, under the supervisor."""
    from gateway.adapters.hooks_http import HttpCaller

    settings, clock = basis.settings, basis.clock
    sink = NoticeSink(store=store, clock=clock, ids=basis.ids, house=house(settings))
    supervisor.add("sink-notify", partial(deliver.run_sink, sink), stage=STAGE)
    lab = LabWords(language=settings.lab.language, zone=settings.lab.timezone, name=settings.lab.name)
    queues: list[NoticeQueue | HookQueue] = [
        NoticeQueue(store=store, clock=clock, channel=name, post=post, lab=lab, chance=random.random)
        for name, post in _posts(settings)
    ]
    queues.append(HookQueue(store=store, clock=clock, caller=HttpCaller(), chance=random.random))
    for queue in queues:
        supervisor.add(queue.name, partial(run, queue), stage=STAGE)
    supervisor.add("notify-house", partial(_keep_house, basis, store), stage=STAGE)


def _keep_house(basis: Basis, store: Store, stop: threading.Event) -> None:
    """Forget old messages and calls."""
    keep = timedelta(days=basis.settings.notify.keep_days)
    while not stop.wait(KEEP_HOUSE_S):
        before = basis.clock.now() - keep
        try:
            with store.begin(within_s=SOON_S) as work:
                work.forget_notices(before)
                work.forget_deliveries(before)
        except StoreUnavailable:
            continue
