"""The real things behind the ports: buses, brokers, stores, clocks."""
