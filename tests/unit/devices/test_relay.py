"""A plug that is misread leaves a machine on all night, or cuts one in the middle of its work."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codec import BadMessage
from devices.messages import PowerReported
from devices.relay import Relay, RelayWatch, relay
from devices.relay_dialects import DIALECTS, pulse_time
from devices.relay_readings import BadPower, Heard

TASMOTA = relay("tasmota", "laser")
GEN1 = relay("shelly-gen1", "shellyplug-s-7A1B2C")
GEN2 = relay("shelly-gen2", "shellyplus1pm-a8032abe54dc", reply_to="etabli-lab-laser")
ESPHOME = relay("esphome", "node-laser")
ZIGBEE = relay("zigbee2mqtt", "fab lab/laser")
ALL = [TASMOTA, GEN1, GEN2, ESPHOME, ZIGBEE]

all_relays = pytest.mark.parametrize("plug", ALL, ids=list(DIALECTS))


def said(commands):
    return [(topic, payload.decode()) for topic, payload in commands]


# --- commands ---------------------------------------------------------------------------------------------------------


def test_each_firmware_is_switched_on_in_its_own_words_with_its_timer_at_the_ceiling():
    assert said(TASMOTA.encode_power(on=True, ceiling_s=3600)) == [
        ("cmnd/laser/PulseTime1", "3700"), ("cmnd/laser/POWER1", "ON"),
    ]  # fmt: skip
    assert said(GEN1.encode_power(on=True, ceiling_s=3600)) == [("shellies/shellyplug-s-7A1B2C/relay/0/command", "on")]
    topic, payload = GEN2.encode_power(on=True, ceiling_s=3600)[0]
    assert topic == "shellyplus1pm-a8032abe54dc/rpc"
    assert json.loads(payload) == {
        "id": 1, "src": "etabli-lab-laser", "method": "Switch.Set",
        "params": {"id": 0, "on": True, "toggle_after": 3600},
    }  # fmt: skip
    assert said(ESPHOME.encode_power(on=True, ceiling_s=3600)) == [
        ("node-laser/number/relay_ceiling/command", "3600"), ("node-laser/switch/relay/command", "ON"),
    ]  # fmt: skip
    assert said(ZIGBEE.encode_power(on=True, ceiling_s=3600)) == [
        ("zigbee2mqtt/fab lab/laser/set", '{"state":"ON","on_time":3600}')
    ]


@pytest.mark.parametrize(
    ("seconds", "pulse"), [(1, 10), (11, 110), (12, 112), (13, 113), (60, 160), (3600, 3700), (64_800, 64_900)]
)
def test_pulse_time_counts_tenths_up_to_111_and_seconds_plus_100_after(seconds, pulse):
    assert pulse_time(seconds) == pulse


@given(st.integers(1, 64_800))
def test_pulse_time_means_the_same_seconds_when_the_plug_reads_it(seconds):
    pulse = pulse_time(seconds)
    assert (pulse / 10 if pulse <= 111 else pulse - 100) == seconds


def test_a_ceiling_that_the_plug_cannot_hold_arms_no_timer_rather_than_an_early_one():
    assert said(TASMOTA.encode_power(on=True, ceiling_s=64_801))[0] == ("cmnd/laser/PulseTime1", "0")
    assert said(ZIGBEE.encode_power(on=True, ceiling_s=6_554)) == [("zigbee2mqtt/fab lab/laser/set", '{"state":"ON"}')]


def test_on_without_a_ceiling_clears_a_timer_left_from_before():
    assert said(TASMOTA.encode_power(on=True))[0] == ("cmnd/laser/PulseTime1", "0")
    assert said(ESPHOME.encode_power(on=True))[0] == ("node-laser/number/relay_ceiling/command", "0")


@all_relays
def test_a_ceiling_of_no_time_is_refused(plug):
    with pytest.raises(ValueError, match="at least one second"):
        plug.encode_power(on=True, ceiling_s=0)


@all_relays
def test_commands_go_to_plain_topics_and_are_never_a_toggle(plug):
    for on in (True, False):
        for topic, payload in plug.encode_power(on=on, ceiling_s=100):
            assert "+" not in topic
            assert b'toggle"' not in payload.lower()
            assert b"$" not in payload
            assert topic not in plug.subscriptions()


def test_names_that_would_reach_other_devices_are_refused_in_plain_words():
    for name in ("", "a/#", "+", "$SYS", 'x"y', "a\0b", "/a", "a\nb"):
        with pytest.raises(ValueError, match="part of an MQTT topic"):
            relay("tasmota", name)
    with pytest.raises(ValueError, match="expected one of tasmota, shelly-gen1"):
        relay("sonoff", "x")
    with pytest.raises(ValueError, match="has channels like '0'"):
        relay("shelly-gen2", "x", channel="relay")


# --- what they say ----------------------------------------------------------------------------------------------------

SHELLY = "shellyplus1pm-a8032abe54dc"


def gen2(method, params):
    return json.dumps({"src": SHELLY, "dst": "x", "method": method, "params": params}).encode()


@pytest.mark.parametrize(
    ("plug", "topic", "payload", "heard"),
    [
        (TASMOTA, "stat/laser/RESULT", b'{"POWER":"ON"}', Heard(on=True)),
        (TASMOTA, "stat/laser/RESULT", b'{"POWER1":"OFF"}', Heard(on=False)),
        (TASMOTA, "stat/laser/POWER", b"ON", Heard(on=True)),
        (TASMOTA, "stat/laser/RESULT", b'{"PulseTime1":{"Set":3700,"Remaining":3700}}', Heard()),
        (TASMOTA, "stat/laser/RESULT", b'{"POWER2":"ON"}', Heard()),
        (TASMOTA, "tele/laser/LWT", b"Online", Heard(online=True)),
        (TASMOTA, "tele/laser/LWT", b"Offline", Heard(online=False)),
        (TASMOTA, "tele/laser/STATE", b'{"UptimeSec":42,"POWER":"ON"}', Heard(on=True, uptime_s=42)),
        (TASMOTA, "tele/laser/SENSOR", b'{"ENERGY":{"Total":1.5,"Power":60}}', Heard(watts=60, energy_wh=1500)),
        (TASMOTA, "stat/laser/STATUS8", b'{"StatusSNS":{"ENERGY":{"Power":[60,1]}}}', Heard()),
        (TASMOTA, "stat/laser/STATUS11", b'{"StatusSTS":{"UptimeSec":9,"POWER":"OFF"}}', Heard(on=False, uptime_s=9)),
        (TASMOTA, "tele/laser/INFO3", b'{"Info3":{"RestartReason":"Power On"}}', Heard(booted=True)),
        (TASMOTA, "stat/laser/LOGGING", b"22:20 nothing of ours", Heard()),
        (GEN1, "shellies/shellyplug-s-7A1B2C/relay/0", b"on", Heard(on=True)),
        (GEN1, "shellies/shellyplug-s-7A1B2C/relay/0", b"overpower", Heard(on=False)),
        (GEN1, "shellies/shellyplug-s-7A1B2C/relay/0/power", b"60.25", Heard(watts=60.25)),
        (GEN1, "shellies/shellyplug-s-7A1B2C/relay/0/energy", b"120", Heard(energy_wh=2)),
        (GEN1, "shellies/shellyplug-s-7A1B2C/online", b"false", Heard(online=False)),
        (GEN2, f"{SHELLY}/online", b"true", Heard(online=True)),
        (GEN2, f"{SHELLY}/events/rpc", gen2("NotifyStatus", {"switch:0": {"output": True, "source": "button"}}),
         Heard(on=True, cause="button")),
        (GEN2, f"{SHELLY}/events/rpc", gen2("NotifyStatus", {"switch:0": {"apower": 3.5}}), Heard(watts=3.5)),
        (GEN2, f"{SHELLY}/events/rpc", gen2("NotifyStatus", {"switch:1": {"output": True}}), Heard()),
        (GEN2, f"{SHELLY}/events/rpc", gen2("NotifyEvent", {"events": []}), Heard()),
        (GEN2, f"{SHELLY}/events/rpc",
         gen2("NotifyFullStatus", {"sys": {"uptime": 3}, "switch:0": {"output": False, "source": "init"}}),
         Heard(on=False, cause="boot", uptime_s=3)),
        (GEN2, f"{SHELLY}/status/switch:0", b'{"output":true,"aenergy":{"total":12.5}}', Heard(on=True, energy_wh=12.5)),
        (GEN2, "etabli-lab-laser/rpc", b'{"id":2,"result":{"id":0,"output":true,"source":"timer"}}',
         Heard(on=True, cause="timer")),
        (GEN2, "etabli-lab-laser/rpc", b'{"id":1,"result":{"was_on":true}}', Heard()),
        (GEN2, "etabli-lab-laser/rpc", b'{"id":1,"error":{"code":-105,"message":"id=7 not found"}}',
         Heard(refusal="id=7 not found")),
        (ESPHOME, "node-laser/status", b"offline", Heard(online=False)),
        (ESPHOME, "node-laser/switch/relay/state", b"ON", Heard(on=True)),
        (ESPHOME, "node-laser/sensor/relay_energy/state", b"1.5", Heard(energy_wh=1500)),
        (ZIGBEE, "zigbee2mqtt/fab lab/laser", b'{"state":"ON","power":61,"energy":0.5,"linkquality":90}',
         Heard(on=True, watts=61, energy_wh=500)),
        (ZIGBEE, "zigbee2mqtt/fab lab/laser", b'{"state":null}', Heard()),
        (ZIGBEE, "zigbee2mqtt/fab lab/laser/availability", b'{"state":"offline"}', Heard(online=False)),
        (ZIGBEE, "zigbee2mqtt/fab lab/laser/availability", b"online", Heard(online=True)),
        (ZIGBEE, "zigbee2mqtt/bridge/state", b'{"state":"online"}', Heard()),
        (ZIGBEE, "zigbee2mqtt/bridge/state", b"offline", Heard(online=False)),
    ],
)  # fmt: skip
def test_what_a_firmware_says_is_read_as_a_delta(plug, topic, payload, heard):
    assert plug.decode(topic, payload) == heard


def test_one_outlet_of_several_answers_for_itself_only():
    second = relay("tasmota", "strip", channel="2")
    assert second.decode("stat/strip/RESULT", b'{"POWER1":"ON"}') == Heard()
    assert second.decode("stat/strip/RESULT", b'{"POWER2":"ON"}') == Heard(on=True)
    left = relay("zigbee2mqtt", "strip", channel="left")
    assert left.decode("zigbee2mqtt/strip", b'{"state_left":"OFF","state_right":"ON"}') == Heard(on=False)
    assert said(left.encode_power(on=True)) == [("zigbee2mqtt/strip/set", '{"state_left":"ON"}')]


@pytest.mark.parametrize(
    ("plug", "topic", "payload"),
    [
        (TASMOTA, "stat/laser/POWER", b"MAYBE"),
        (TASMOTA, "stat/laser/RESULT", b'{"POWER":1}'),
        (GEN1, "shellies/shellyplug-s-7A1B2C/relay/0", b"\xff"),
        (GEN2, f"{SHELLY}/events/rpc", gen2("NotifyStatus", {"switch:0": {"output": "on"}})),
        (ESPHOME, "node-laser/switch/relay/state", b"unknown"),
        (ZIGBEE, "zigbee2mqtt/fab lab/laser", b'{"state":"\\ud800"}'),
    ],
)
def test_nonsense_in_the_state_itself_is_told_apart_from_other_nonsense(plug, topic, payload):
    with pytest.raises(BadPower):
        plug.decode(topic, payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
words = st.sampled_from(
    ["POWER", "ENERGY", "StatusSTS", "method", "NotifyStatus", "params", "switch:0", "result", "error", "state", "id"]
)
near_misses = st.recursive(
    json_values | words, lambda inner: st.dictionaries(words, inner, min_size=1) | st.lists(inner), max_leaves=8
)


@given(
    plug=st.sampled_from(ALL),
    pick=st.integers(0, 4),
    last=st.sampled_from(["RESULT", "STATE", "SENSOR", "LWT", "POWER", "STATUS8", "INFO3", "x"]),
    payload=st.binary() | near_misses.map(lambda value: json.dumps(value).encode()),
)
def test_any_bytes_on_any_topic_are_a_delta_or_a_bad_message(plug, pick, last, payload):
    filters = plug.subscriptions()
    topic = filters[pick % len(filters)].replace("+", last)
    try:
        assert isinstance(plug.decode(topic, payload), Heard)
    except BadMessage as error:
        assert str(error)


@given(st.text())
def test_a_topic_of_somebody_else_is_a_bad_message(topic):
    with pytest.raises(BadMessage):
        ZIGBEE.decode(topic, b"{}")


# --- what is news -----------------------------------------------------------------------------------------------------


def watch(plug: Relay = TASMOTA) -> RelayWatch:
    return RelayWatch(plug.dialect)


def test_a_state_is_told_once_and_again_only_when_it_changes():
    plug = watch()
    assert plug.hear(Heard(on=False), at=0) == (PowerReported(on=False),)
    assert plug.hear(Heard(on=False, watts=0), at=1) == ()
    assert plug.hear(Heard(on=True), at=2) == (PowerReported(on=True),)


def test_the_answer_to_a_command_is_told_even_when_nothing_changed():
    plug = watch()
    plug.hear(Heard(on=True), at=0)
    plug.sent(on=True, at=10)
    assert plug.hear(Heard(on=True), at=10.1) == (PowerReported(on=True, cause="command"),)
    assert plug.hear(Heard(on=True), at=10.2) == ()


def test_a_relay_that_refuses_is_heard_once_and_its_late_obedience_is_still_an_answer():
    plug = watch()
    plug.hear(Heard(on=False), at=0)
    plug.sent(on=True, at=10)
    assert plug.hear(Heard(on=False), at=10.1) == (PowerReported(on=False),)
    assert plug.hear(Heard(on=False), at=10.2) == ()
    assert plug.hear(Heard(on=True), at=10.3) == (PowerReported(on=True, cause="command"),)


def test_a_switch_long_after_a_command_is_not_laid_at_our_door():
    plug = watch()
    plug.hear(Heard(on=False), at=0)
    plug.sent(on=True, at=10)
    assert plug.hear(Heard(on=True), at=60) == (PowerReported(on=True),)


def test_off_when_the_ceiling_is_reached_is_the_plugs_own_timer():
    plug = watch()
    plug.sent(on=True, at=0, ceiling_s=100)
    plug.hear(Heard(on=True), at=0.1)
    assert plug.hear(Heard(on=False), at=100.5) == (PowerReported(on=False, cause="timer"),)


@pytest.mark.parametrize(
    "signs",
    [
        [Heard(uptime_s=900), Heard(uptime_s=3)],
        [Heard(booted=True)],
    ],
)
def test_a_reboot_is_told_even_when_the_state_is_the_same(signs):
    plug = watch()
    plug.hear(Heard(on=True), at=0)
    for sign in signs:
        assert plug.hear(sign, at=1) == ()
    assert plug.hear(Heard(on=True), at=2) == (PowerReported(on=True, cause="boot"),)


def test_a_first_generation_shelly_betrays_a_reboot_by_its_counter():
    plug = watch(GEN1)
    plug.hear(Heard(on=True, energy_wh=50), at=0)
    plug.hear(Heard(energy_wh=0), at=1)
    assert plug.hear(Heard(on=True), at=2) == (PowerReported(on=True, cause="boot"),)


def test_after_the_last_will_the_state_is_unknown_and_is_told_again():
    plug = watch()
    plug.hear(Heard(on=True), at=0)
    assert plug.hear(Heard(online=False), at=1) == ()
    assert (plug.online, plug.on) == (False, None)
    assert plug.hear(Heard(on=True), at=2) == (PowerReported(on=True),)


def test_a_retained_state_is_an_old_word_where_the_plug_can_be_asked():
    plug = watch(TASMOTA)
    assert plug.hear(Heard(on=True), at=0, retained=True) == ()
    assert plug.on is None


def test_a_retained_state_of_esphome_counts_once_the_node_is_known_to_live_in_either_order():
    plug = watch(ESPHOME)
    assert plug.hear(Heard(on=True), at=0, retained=True) == ()
    assert plug.hear(Heard(online=True), at=0, retained=True) == (PowerReported(on=True),)
    other = watch(ESPHOME)
    assert other.hear(Heard(online=True), at=0, retained=True) == ()
    assert other.hear(Heard(on=True), at=0, retained=True) == (PowerReported(on=True),)
    dead = watch(ESPHOME)
    assert dead.hear(Heard(on=True), at=0, retained=True) == ()
    assert dead.hear(Heard(online=False), at=0, retained=True) == ()
    assert dead.on is None


def test_esphome_is_silent_when_nothing_changes_so_its_silence_is_the_answer():
    plug = watch(ESPHOME)
    plug.hear(Heard(on=True), at=0)
    assert plug.sent(on=True, at=1) == (PowerReported(on=True, cause="command"),)
    assert plug.sent(on=False, at=2) == ()


def test_a_garbled_state_is_unknown_once_not_off():
    plug = watch()
    plug.hear(Heard(on=True), at=0)
    assert plug.garbled() == (PowerReported(on=None),)
    assert plug.garbled() == ()
    assert plug.hear(Heard(on=True), at=1) == (PowerReported(on=True),)


heards = st.builds(
    Heard,
    on=st.sampled_from([None, True, False]),
    online=st.sampled_from([None, None, True, False]),
    uptime_s=st.none() | st.floats(0, 100),
    booted=st.booleans(),
)


@given(
    plug=st.sampled_from(ALL),
    steps=st.lists(
        st.tuples(heards, st.booleans(), st.sampled_from([None, True, False]), st.floats(0, 3)), max_size=30
    ),
)
def test_the_last_report_is_always_what_the_relay_last_said(plug, steps):
    seen, at, told = watch(plug), 0.0, None
    for heard, retained, command, gap in steps:
        at += gap
        if command is not None:
            seen.sent(on=command, at=at)
        for fact in seen.hear(heard, at=at, retained=retained):
            told = fact.on
        if seen.on is not None:
            assert told is seen.on
            assert seen.online
