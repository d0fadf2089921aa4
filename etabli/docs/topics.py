"""docs/topics.md: enough for a stranger to build a device from."""

from collections.abc import Iterator

from devices import badge_reader, codec, messages, topics
from devices.messages import Message
from etabli.docs import examples
from etabli.docs.types import rows, sentence

_INTRO = """\
# What devices and the gateway say to each other

*This page is written by `make docs` from `devices/topics.py`, `devices/messages.py` and the codec: it is what the program does.*

A device that speaks this page needs no bridge and no code of ours: name it in `etabli.toml` (`[[devices]]` with `slug`,
`role`, `resource` and no `bridge`) and connect it to the lab's broker. Everything is MQTT 3.1.1 or 5, JSON in UTF-8,
at most {most} bytes a message. Unknown keys are to be ignored: version {version} only grows.

**A device in ten lines.**
1. Connect with a *will*: topic `{status}`, payload `{will}`, QoS 1, retained. Set TCP_NODELAY on the socket: without it a QoS 1 round trip takes 44 ms instead of 0.3.
2. Publish `{online}` on the same topic, QoS 1, retained.
3. Subscribe to `{command}` and `{receipt}`, QoS 1.
4. At each start of its memory choose a new `boot` (1 to 64 characters, random or a counter that survives) and count facts from `seq` 1.
5. Keep each fact, publish it on `{fact}` with QoS 1, and **keep it until a receipt names its number**. A PUBACK is not a receipt: the broker forgets, the gateway's disk does not.
6. Send again what has no receipt: at each connection, at once when a receipt calls it `missing`, and after 5 s, then 10, 20, up to 60. Same `boot`, same `seq`, fresh `age_ms`.
7. Send a reading now and then on `{sample}`, QoS 0; it may be lost.
8. Obey a command only before its `expires_at`, once per `id`, and answer with what the relay *does*: `power_reported`.
9. After mains or a crash the relay is **off**. Never switch it back on by yourself: only a new tap does.
10. While a job runs, never cut power because the network is gone.
"""

_ENVELOPE = """\
## The envelope of facts and samples

`{"v": 1, "site": …, "device": …, "boot": …, "seq": …, "mono_ms": …, "age_ms": …, "at": …, "kind": …, "body": {…}}`, a newline, then
(where the device has a key) the signature.

| field | type | meaning |
|---|---|---|
| `v` | whole number | 1 |
| `site`, `device` | text | the same as in the topic, else the message is refused |
| `boot` | text, 1 to 64 characters | changes at each start of the device's memory |
| `seq` | whole number, or null | facts: 1, 2, 3 … within the boot, none left out. Samples: null |
| `mono_ms` | whole number | the device's monotonic clock when it happened; durations come from it |
| `age_ms` | whole number, or null | how old it was at **this** sending: now − then, worked out anew each time it is sent. Null when a reboot made that unknowable |
| `at` | time, ISO 8601 with zone, or null | the device's own clock, stored as told; null without one |
| `kind`, `body` | | see below |

A tap older than 10 s, or of unknown age, is history: it is recorded at its hour and never grants anything.
The site and device in topics are slugs: lower-case letters, digits and inner hyphens, 64 at most.

## Lost, late, double: what the numbers are for

`(device, boot, seq)` is unique. Sent twice counts once. An early number waits up to 2 s for the ones before it; its
receipt names them under `missing`, and what the device still has of them it sends again at once. A number that comes later
still is recorded when it comes. Facts of an earlier boot may arrive after those of a later one.
Receipts carry inclusive ranges `[first, last]` for one `boot`; they are sent only after the facts are on disk. A receipt for
another boot than the present one is for facts kept from before the restart.

## The signature

HMAC-SHA-256, in lower-case hex, with the device's key over: the topic, one newline byte, then exactly the bytes of the
JSON **and the newline behind it**, as sent. It follows that newline. In Python:

```python
body = json_text.encode() + b"\\n"
payload = body + hmac.new(key, topic.encode() + b"\\n" + body, hashlib.sha256).hexdigest().encode()
```

With the key `000102…1f` (32 bytes), on `%(topic)s`:

```
%(signed)s
```
"""

_BADGES = """\
## Badges: never the number itself

A reader sends, for each form in which any reader might give the number, a keyed hash: HMAC-SHA-256 with the site's badge
key over `form:TEXT`, in lower-case hex. `etabli badge hash NUMBER` prints what your device should send for a badge.
`key_id` is the first 8 hex digits of the SHA-256 of the key.

| form | text | from |
|---|---|---|
| `em-10` | 10 hex digits, capitals: the five bytes of a 125 kHz tag | RDM6300, ID-12LA |
| `uid` | 8, 14 or 20 hex digits, capitals | 13.56 MHz tags. A 4-byte UID that begins with `08` is drawn anew each time: do not send it |
| `n-32` | 8 hex digits: the last four bytes, or the same bytes reversed, whichever sorts first | keyboard readers, decimal or hex |
| `n-24` | 6 hex digits: the last three bytes | keyboard readers that print `099,59822` |

A reader sends the forms it can know, the most precise first: %(forms)s. For the badge `0006547886`
(`em:010063E9AE`) with the badge key `000102…1f` (key id `%(key_id)s`):

| form | text | digest |
|---|---|---|
%(table)s

While a badge is held to the reader its number repeats; it counts once, until it has been away for 0.3 s.
"""

_COMMANDS = """\
## Commands

Never retained. Each has an `id` (do it once, however often it comes) and `expires_at`, at most 5 s ahead. A
device without a clock connects with a clean session, so that the broker keeps nothing for it while it is away.
`set_power` with `on: true` carries `ceiling_s`: set the relay's own timer to it, so that power ends even when
everything else is broken. `show_verdict` says how the light and the buzzer answer a tap: `granted`, `refused`, `noted`
(a holder's second tap), `wait`, `unavailable`. Rhythm differs as well as colour.
"""


_NODES = """\
## Nodes: a device that may decide by itself

A node is reader, interlock and run input in one device (`role = "node"`, with a `key_file`). Everything the gateway sends
it (commands, receipts, lists) is followed by a signature, made as above with the node's key over the topic and the line;
what is not signed is not heard. It sends `list_asked` on `ask` when it connects, every 3 s until it is answered, and then every 30 s. The answer is `clock_told`,
and the `access_list` where it holds another version; a new list also comes unasked when rights, badges, bookings or hours change.

A list is taken as a whole or refused (signature, names, an older version, past its end); what was held is good until its
own end. A tap that the gateway does not answer in time is decided by the list and told as `tap_decided`, behind the
`badge_tapped` that it answers. Without an hour that the gateway, or a clock with a battery, has told, nothing is granted.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_intro(), _table(), _envelope(), _badges(), _COMMANDS, _NODES, *_kinds()]).rstrip() + "\n"


def _topic(channel: topics.Channel) -> str:
    return topics.BY_CHANNEL[channel].pattern


def _intro() -> str:
    def plain(online: bool) -> str:
        return codec.encode(messages.DeviceStatus(online=online)).decode().strip()

    return _INTRO.format(
        most=codec.MAX_BYTES, version=codec.VERSION, will=plain(False), online=plain(True),
        **{str(channel): _topic(channel) for channel in topics.Channel},
    )  # fmt: skip


def _table() -> str:
    lines = [
        "## The topics", "",
        "| topic | from → to | QoS | retained | envelope | carries | promise |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in topics.TOPICS:
        kinds = ", ".join(f"`{kind}`" for kind in (getattr(cls, "kind", "") for cls in row.carries))
        yes = {True: "yes", False: "no"}
        lines.append(
            f"| `{row.pattern}` | {row.sender} → {row.listener} | {row.qos} | {yes[row.retained]} | {yes[row.enveloped]} "
            f"| {kinds} | {row.promise} |"
        )
    return "\n".join([*lines, ""])


def _envelope() -> str:
    topic, signed = examples.signed_example()
    return _ENVELOPE % {"topic": topic, "signed": signed.decode()}


def _badges() -> str:
    canonical = "em:010063E9AE"
    hashed = badge_reader.hash_forms(canonical, key=examples.BADGE_KEY, key_id=examples.BADGE_KEY_ID)
    texts = dict(badge_reader.forms(canonical))
    table = "\n".join(f"| `{each.form}` | `{texts[each.form]}` | `{each.digest}` |" for each in hashed)
    return _BADGES % {
        "forms": ", ".join(f"`{form}`" for form in badge_reader.FORMS), "key_id": examples.BADGE_KEY_ID, "table": table,
    }  # fmt: skip


def _kinds() -> Iterator[str]:
    for row in topics.TOPICS:
        yield f"## On `{row.pattern}`\n"
        for cls in row.carries:
            yield _kind(next(each for each in examples.EXAMPLES if type(each) is cls))


def _kind(message: Message) -> str:
    topic, data = examples.example_of(message.kind)
    lines = [f"### `{message.kind}`", "", sentence(type(message).__doc__), ""]
    found = rows(type(message))
    if found:
        lines += ["| field of `body` | type | |", "|---|---|---|"]
        lines += [f"| `{name}` | {told} | {'' if required else 'may be left out'} |" for name, told, required in found]
    else:
        lines.append("`body` is empty: `{}`.")
    lines += ["", f"On `{topic}`:", "", "```json", data.decode().rstrip("\n"), "```", ""]
    return "\n".join(lines)
