"""The socket that pages are served from."""

import socket

from etabli.bootstrap.web import claim
from etabli.settings.models import LabSettings, Settings, WebSettings
from tests.fixtures_broker import free_port


def test_an_answer_never_waits_for_the_acknowledgement_of_its_first_half():
    settings = Settings(lab=LabSettings(slug="ici", name="Ici"), web=WebSettings(port=free_port()))
    with claim(settings) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
