"""Answers each message at once: the bare echo that a tap is compared with. ``python -m bench.echo PORT``."""

import sys

from gateway.adapters.bus_mqtt import MqttBus


def main(port: str) -> None:
    """Serve until standard input closes."""
    bus = MqttBus("127.0.0.1", int(port), client_id="bench-echo", protocol=4)
    bus.subscribe([("bench/there", 1)], lambda delivery: bus.publish("bench/back", delivery.payload))
    print("ready", flush=True)
    sys.stdin.read()
    bus.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
