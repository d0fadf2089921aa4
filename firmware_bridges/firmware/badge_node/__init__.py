"""The badge node: reader, relay and run input on one ESP32. docs/noeud.md shows the wiring.

``wire``, ``ring``, ``listing``, ``clock``, ``outgoing``, ``watch`` and ``node`` know no hardware: CPython and MicroPython
run them alike. ``board``, ``readers``, ``display``, ``net`` and ``main`` are the edge.
"""
