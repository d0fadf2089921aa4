"""The socket that pages are served from, and how answers leave it."""

import asyncio
import socket

from etabli.bootstrap.web import claim
from etabli.bootstrap.wire import Joined
from etabli.settings.models import LabSettings, Settings, WebSettings
from tests.ports import free_port


def test_an_answer_never_waits_for_the_acknowledgement_of_its_first_half():
    settings = Settings(lab=LabSettings(slug="ici", name="Ici"), web=WebSettings(port=free_port()))
    with claim(settings) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class _Sent(list):
    def write(self, data):
        self.append(data)

    def close(self):
        self.append("closed")

    def is_closing(self):
        return "closed" in self


def test_an_answer_leaves_as_one_piece_and_nothing_is_lost_at_the_end():
    async def answer(sent):
        wire = Joined(sent, asyncio.get_running_loop())
        wire.write(b"head ")
        wire.write(b"body")
        await asyncio.sleep(0)
        wire.write(b"next")
        await asyncio.sleep(0)
        wire.write(b"last")
        wire.close()
        return wire.is_closing()

    sent = _Sent()
    assert asyncio.run(answer(sent))
    assert sent == [b"head body", b"next", b"last", "closed"]
