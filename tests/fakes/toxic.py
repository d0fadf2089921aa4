"""A TCP proxy over loopback that is a bad network: slow, far away, lossy, cut into pieces, reset, half open, cut off."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

PACKET = 1460
RETRANSMISSION_S = 1.0
"""What a lost packet costs its connection: TCP sends it again after about so long on a slow link."""


@dataclass(kw_only=True)
class Toxics:
    """What the network does; all of it may change while connections stand."""

    latency_s: float = 0.0
    """One way."""
    bytes_per_s: float | None = None
    """Of the whole link, each way."""
    loss: float = 0.0
    """Chance of each packet to be lost and sent again."""
    slice_bytes: int | None = None
    """Nothing longer arrives in one piece."""
    half_open: bool = False
    """Everything is taken and nothing arrives."""


@dataclass(kw_only=True)
class ToxicProxy:
    """Listens on :attr:`port` of 127.0.0.1 and passes on to ``target``, through its ``toxics``. Use as a context."""

    target: int
    toxics: Toxics = field(default_factory=Toxics)
    seed: int = 1
    port: int = 0
    refused: int = 0

    def __enter__(self) -> Self:
        self._dice, self._free_at, self._open = random.Random(self.seed), [0.0, 0.0], True
        self._pairs: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="toxic-proxy")
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop)
        self._thread.join(10)

    def cut(self) -> None:
        """Every connection ends, and no new one is made until :meth:`mend`."""
        self._call(lambda: self._set_open(False))

    def mend(self) -> None:
        """Connections may be made again."""
        self._call(lambda: self._set_open(True))

    def reset(self) -> None:
        """Every connection ends at once, without a goodbye."""
        self._call(self._abort)

    def _call(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._ended = asyncio.Event()
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        self._abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _stop(self) -> None:
        self._ended.set()

    def _set_open(self, value: bool) -> None:
        self._open = value
        if not value:
            self._abort()

    def _abort(self) -> None:
        for writer in list(self._pairs):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writers = [writer]
        try:
            if not self._open:
                self.refused += 1
                writer.transport.abort()
                return
            await asyncio.sleep(2 * self.toxics.latency_s)  # the handshake's own round trip
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(back)
            self._pairs |= {writer, back}
            with contextlib.suppress(OSError):
                await asyncio.gather(self._pipe(reader, back, 0), self._pipe(there, writer, 1))
        except (OSError, asyncio.CancelledError):
            pass  # the other side is away, or we end
        finally:
            for each in writers:
                self._pairs.discard(each)
                each.transport.abort()
            self._tasks.discard(task)

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliverer = asyncio.ensure_future(self._deliver(queue, writer))
        last = 0.0
        try:
            while data := await reader.read(PACKET):
                if self.toxics.half_open:
                    continue
                now = self._loop.time()
                sent = max(now, self._free_at[way])
                if self.toxics.bytes_per_s:
                    sent += len(data) / self.toxics.bytes_per_s
                    self._free_at[way] = sent
                    await asyncio.sleep(max(0.0, sent - now - 0.05))
                lost = RETRANSMISSION_S if self._dice.random() < self.toxics.loss else 0.0
                last = max(last, sent + self.toxics.latency_s + lost)
                queue.put_nowait((last, data))
            queue.put_nowait((max(last, self._loop.time() + self.toxics.latency_s), b""))
            await deliverer
        finally:
            deliverer.cancel()

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            step = self.toxics.slice_bytes or len(data)
            for start in range(0, len(data), step):
                writer.write(data[start : start + step])
                await writer.drain()
                if step < len(data):
                    await asyncio.sleep(0)
