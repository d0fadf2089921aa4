"""Faults, as opposed to refusals (which are values).

EtabliError
├── StoreUnavailable      the database cannot be read or written now; an error at COMMIT means *unknown*, never *no*
├── BusUnavailable        the broker cannot be reached, or refused us
│   └── SubscriptionRefused   a SUBACK said no
├── SeriesUnavailable     the time-series database cannot be reached: try again later
├── SeriesRejected        the time-series database refuses these points for good
├── BridgeLost            the device behind a bridge no longer answers
├── NotifyUnavailable     a message or a call did not go out: try again later
├── NotifyRefused         the far end will never take this message
├── BadConfiguration      a setting is wrong: key, value, what was expected
└── GrafanaRefused        Grafana said no, in its own words and ours
"""


class EtabliError(Exception):
    """The base of every fault of ours; its text is one sentence that staff can act on."""


class StoreUnavailable(EtabliError):
    """The database cannot be read or written now."""


class BusUnavailable(EtabliError):
    """The broker cannot be reached, or refused us."""


class SubscriptionRefused(BusUnavailable):
    """The broker refused a subscription."""


class SeriesUnavailable(EtabliError):
    """The time-series database cannot be reached now."""


class SeriesRejected(EtabliError):
    """The time-series database refuses these points for good."""


class BridgeLost(EtabliError):
    """The device behind a bridge no longer answers."""


class NotifyUnavailable(EtabliError):
    """A message or a call did not go out now."""


class NotifyRefused(EtabliError):
    """The far end will never take this message."""


class BadConfiguration(EtabliError):
    """A setting is wrong."""


class GrafanaRefused(EtabliError):
    """Grafana refused a call."""
