"""The buffer between paho and its socket, with more than one thread at it."""

import threading

from gateway.adapters.mqtt_client import BufferedSocket


class SlowKernel:
    """Takes what it is given a moment after it was asked, as a kernel does while other threads run."""

    def __init__(self):
        self.taken, self.meanwhile = b"", lambda: None

    def fileno(self):
        return -1

    def setblocking(self, _blocking):
        """Never blocks here."""

    def send(self, waiting):
        with memoryview(waiting) as held:
            self.meanwhile()
            self.taken += bytes(held)
            return len(held)


def test_a_packet_that_comes_during_a_flush_follows_it_and_nothing_is_lost():
    kernel = SlowKernel()
    buffered = BufferedSocket(kernel)
    late = threading.Thread(target=lambda: buffered.send(b"second"))

    def another_thread_sends():
        kernel.meanwhile = lambda: None
        late.start()
        late.join(0.05)

    kernel.meanwhile = another_thread_sends
    buffered.send(b"first")
    buffered.flush()
    late.join(5)
    buffered.flush()
    assert kernel.taken == b"firstsecond"
    assert not buffered.unsent
