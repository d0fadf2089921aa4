"""SMS, Matrix, Telegram, ntfy and a hundred more by Apprise, each as an address with a place for the member's own."""

import logging
from urllib.parse import quote

from gateway.ports.errors import NotifyRefused, NotifyUnavailable
from gateway.ports.notify import Letter

PLACE = "{to}"
"""Where the member's own address goes in the lab's."""


class ApprisePost:
    """Letters through one service. ``template`` holds the lab's secrets: it is never told nor logged."""

    def __init__(self, template: str) -> None:
        self._template = template
        # Its own log repeats addresses and tokens.
        logging.getLogger("apprise").disabled = True

    def send(self, letter: Letter) -> None:
        """Hand the letter over; NotifyUnavailable: again later, NotifyRefused: never."""
        from apprise import Apprise, AppriseAsset

        # The service itself, in this very thread: Apprise's own way hands it to a pool of threads that never ends.
        address = self._template.replace(PLACE, quote(letter.to, safe=""))
        service = Apprise.instantiate(address, asset=AppriseAsset(app_id="Etabli"), suppress_exceptions=True)
        if service is None:
            raise NotifyRefused("not an address of this service")
        if not service.notify(body=letter.text, title=letter.subject, body_format="text"):
            raise NotifyUnavailable("the service did not take it")
