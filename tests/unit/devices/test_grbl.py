"""What a laser's user would lose: a job counted twice or never ended, a fire hazard unseen, tube hours invented."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.grbl import MAX_LINE, Ack, Alarm, Banner, Feedback, GrblEvent, GrblLink, Nonsense, Setting, Status
from devices.grbl_jobs import BEAM, GrblWatch
from devices.messages import (
    AlarmCleared,
    AlarmRaised,
    Fact,
    JobEnded,
    JobPaused,
    JobResumed,
    JobStarted,
    Outcome,
)

FOLDER = Path(__file__).parents[2] / "transcripts" / "grbl"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def transcript(name: str) -> list[tuple[float, str, bytes]]:
    lines = (FOLDER / f"{name}.jsonl").read_text().splitlines()
    return [(row["t"], row["dir"], row["bytes"].encode("latin-1")) for row in map(json.loads, lines)]


def heard(name: str) -> bytes:
    return b"".join(data for _, direction, data in transcript(name) if direction == "<")


class Bench:
    """A link and a watch, told the time."""

    def __init__(self, *, settle_s: float = 0.1, laser: bool | None = None) -> None:
        self.link, self.watch = GrblLink(), GrblWatch(settle_s=settle_s, laser=laser)
        self.facts: list[Fact] = []
        self.count = 0

    def hear(self, data: str | bytes, at: float) -> list[Fact]:
        found: list[Fact] = []
        for event in self.link.receive(data.encode() if isinstance(data, str) else data):
            self.count += 1
            found += self.watch.feed(
                event, at=at, job=f"job-{self.count}", waiting=len(self.link.waiting), hal=self.link.hal
            )
        self.facts += found
        return found

    def status(self, text: str, at: float) -> list[Fact]:
        return self.hear(f"<{text}>\r\n", at)

    def play(self, name: str) -> float:
        at = 0.0
        for at, direction, data in transcript(name):
            if direction == "<":
                self.hear(data, at)
            elif data.endswith(b"\n"):
                self.link.line(data.decode())
        return at

    @property
    def ends(self) -> list[JobEnded]:
        return [fact for fact in self.facts if isinstance(fact, JobEnded)]

    def kinds(self) -> list[type[Fact]]:
        return [type(fact) for fact in self.facts]


# --- the bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_real_firmware_says_nothing_that_is_not_understood_and_answers_every_line(name: str) -> None:
    bench = Bench()
    events: list[GrblEvent] = []
    for _, direction, data in transcript(name):
        if direction == "<":
            events += bench.link.receive(data)
        elif data.endswith(b"\n"):
            bench.link.line(data.decode())
    assert not [event for event in events if isinstance(event, Nonsense)]
    assert not bench.link.waiting
    assert bench.link.hal is name.startswith("grblhal")
    assert sum(isinstance(event, Banner) for event in events) == 1


@pytest.mark.parametrize("name", NAMES)
@given(cuts=st.lists(st.integers(min_value=0), max_size=30))
@settings(max_examples=20)
def test_any_chunks_of_real_conversations_tell_the_same_story(name: str, cuts: list[int]) -> None:
    data = heard(name)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    link = GrblLink()
    found = [event for start, end in pairwise(edges) for event in link.receive(data[start:end])]
    assert tuple(found) == GrblLink().receive(data)


ODD = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([
            b"<Run|FS:1,2", b"<Run|FS:1e999,nan|MPos:a,b>\n", b"<Idle|F:1,2|Bf:1|WCO:|MPos:1>\n", b"ok\n", b"error:\n",
            b"error:99999999999\n", b"ALARM:x\n", b"Grbl 1.1h\r\n", b"[OPT:V,15,999999999999]\n", b"[VER:]\n", b"[MSG:",
            b"$99999=1\n", b"$1=\n", b"<Hold:999|A:SFM|WPos:1,2,3|WCO:1,2,3>\r\n", b"<\xb2dle:\xb2>\n", b"x" * 600, b"\r\n",
        ]),
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(ODD, st.lists(st.integers(0, 700), max_size=8))
def test_no_bytes_raise_and_the_next_line_is_understood(noise: bytes, cuts: list[int]) -> None:
    bench, whole = Bench(), GrblLink().receive(noise)
    edges = [0, *sorted(cut % (len(noise) + 1) for cut in cuts), len(noise)]
    for at, (start, end) in enumerate(pairwise(edges)):
        bench.hear(noise[start:end], at)
    assert bench.count == len(whole)
    *_, last = bench.link.receive(b"\n<Jog|MPos:1.000,2.000,3.000|FS:5,6>\r\n")
    assert isinstance(last, Status)
    assert (last.state, last.position, last.feed, last.power) == ("Jog", (1, 2, 3), 5, 6)


def test_status_is_read_by_key_in_any_order_with_unknown_keys() -> None:
    (status,) = GrblLink().receive(b"<Hold:1|Zz:9|FS:10,20|Bf:14,127|New|Pn:PD|MPos:1.5,-2,0>\n")
    assert status == Status(
        state="Hold", substate=1, position=(1.5, -2, 0), feed=10, power=20, pins="PD", buffer=(14, 127)
    )
    (plain,) = GrblLink().receive(b"<Run|F:300>\n")
    assert isinstance(plain, Status)
    assert (plain.feed, plain.power) == (300, None)


def test_accessories_follow_both_firmwares_ways_of_leaving_them_out() -> None:
    def told(fields: str) -> str | None:
        (status,) = GrblLink().receive(f"<Run|{fields}>\n".encode())
        assert isinstance(status, Status)
        return status.accessories

    assert told("Ov:100,100,100|A:SF") == "SF"
    assert told("Ov:100,100,100") == ""
    assert told("A:") == ""
    assert told("A:C") == "C"
    assert told("FS:1,2") is None


def test_work_positions_become_machine_positions_with_the_last_offset() -> None:
    link = GrblLink()
    first, second = link.receive(b"<Idle|WPos:1,1,1|WCO:10,20,30>\n<Idle|WPos:2,2,2>\n")
    assert isinstance(first, Status) and isinstance(second, Status)
    assert (first.position, second.position) == ((11, 21, 31), (12, 22, 32))


def test_one_answer_per_line_and_the_buffer_size_that_the_controller_tells() -> None:
    link = GrblLink()
    assert link.line(" G1 X1\n") == b"G1 X1\n"
    link.line("$32=1")
    assert link.room == 128 - 6 - 6
    assert link.receive(b"error:22\r\nok\r\nok\r\n") == (
        Ack(line="G1 X1", error=22),
        Ack(line="$32=1"),
        Ack(line=None),
    )
    assert link.laser_mode is True
    link.receive(b"[OPT:VNML+,100,1024,3,0]\r\n[VER:1.1f.20260817:big laser]\r\n")
    assert (link.room, link.machine) == (1024, "big laser")
    link.line("G0")
    link.receive(b"Grbl 1.1h ['$' for help]\r\n")
    assert not link.waiting, "a reset forgets the lines it was given"


def test_codes_nobody_knows_yet_pass() -> None:
    assert GrblLink().receive(b"error:79\nALARM:17\nALARM: Hard limit\n[NEW:1]\n$999=x\n") == (
        Ack(line=None, error=79),
        Alarm(code=17),
        Alarm(code=0),
        Feedback(tag="NEW", text="1"),
        Setting(number=999, value="x"),
    )


def test_an_endless_line_is_cut_and_counted_once() -> None:
    first, second = GrblLink().receive(b"x" * (3 * MAX_LINE) + b"\nok\n")
    assert isinstance(first, Nonsense)
    assert second == Ack(line=None)


# --- jobs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "lit"), [("grbl11-job-square", 5.9), ("grblhal-job-square", 7.2)])
def test_a_real_job_is_one_job_to_the_end_of_its_motion(name: str, lit: float) -> None:
    bench = Bench()
    bench.play(name)
    assert bench.kinds() == [JobStarted, JobEnded]
    (end,) = bench.ends
    assert end.outcome is Outcome.FINISHED
    assert end.wall_s == pytest.approx(9.5, abs=0.2)
    # grblHAL gives the programmed S in rapids too: an upper bound there.
    assert end.laser_on_s == pytest.approx(lit, abs=0.1)


@pytest.mark.parametrize("name", ["grbl11-run-hold-resume", "grblhal-run-hold-resume"])
def test_a_real_hold_is_a_pause(name: str) -> None:
    bench = Bench()
    bench.play(name)
    assert bench.kinds() == [JobStarted, JobPaused, JobResumed, JobEnded]
    (end,) = bench.ends
    assert end.paused_s == pytest.approx(0.8, abs=0.05)
    assert end.laser_on_s is not None and end.laser_on_s <= end.wall_s


def test_a_real_door_pauses_and_asks_for_a_person() -> None:
    bench = Bench()
    at = bench.play("grblhal-safety-door")
    assert bench.kinds() == [JobStarted, JobPaused, AlarmRaised]
    assert bench.status("Run|FS:500,500", at + 0.2) == [
        JobResumed(job=bench.watch.tracker.job),
        AlarmCleared(code="grbl-door"),
    ]
    grbl = Bench()
    grbl.play("grbl11-safety-door")
    assert [fact for fact in grbl.facts if isinstance(fact, AlarmRaised | AlarmCleared)] == [
        AlarmRaised(code="grbl-door", text="the door is open"),
        AlarmCleared(code="grbl-door"),
    ]


def test_idle_for_a_moment_or_with_lines_unanswered_is_still_the_same_job() -> None:
    bench = Bench(settle_s=1)
    bench.status("Run|FS:9,9", 0)
    bench.status("Idle|FS:0,0", 1)
    bench.status("Run|FS:9,9", 1.8)
    bench.link.line("G4 P20")
    bench.status("Idle|FS:0,0", 3)
    bench.status("Idle|FS:0,0", 20)
    assert not bench.ends
    bench.hear("ok\r\n", 23)
    bench.status("Idle|FS:0,0", 23.2)
    (end,) = bench.ends
    assert end.wall_s == 3, "the end is dated back to the first Idle"


def test_an_answer_that_never_comes_does_not_keep_a_job_open_for_ever() -> None:
    bench = Bench()
    bench.status("Run", 0)
    bench.link.line("G0 X1")
    bench.status("Idle", 1)
    bench.status("Idle", 62)
    assert len(bench.ends) == 1


@pytest.mark.parametrize("state", ["Jog", "Home", "Check", "Idle", "Sleep", "Alarm", "Door:0", "Hold:0"])
def test_only_a_run_starts_a_job(state: str) -> None:
    bench = Bench()
    bench.status(state, 0)
    assert JobStarted not in bench.kinds()


def test_an_alarm_ends_the_job_once_and_is_cleared_by_unlocking() -> None:
    bench = Bench()
    bench.status("Run", 0)
    end, alarm = bench.hear("ALARM:1\r\n[MSG:Reset to continue]\r\n", 2)
    assert isinstance(end, JobEnded)
    assert (end.outcome, end.wall_s) == (Outcome.FAILED, 2)
    assert end.reason is not None and end.reason.startswith("alarm 1")
    assert isinstance(alarm, AlarmRaised) and alarm.code == "grbl-alarm-1"
    assert bench.watch.silent, "Grbl answers no poll now, and that is no lost cable"
    assert bench.hear("\r\nGrbl 1.1h ['$' for help]\r\n[MSG:'$H'|'$X' to unlock]\r\n<Alarm|FS:0,0>\r\n", 9) == []
    assert not bench.watch.silent
    assert bench.hear("[MSG:Caution: Unlocked]\r\nok\r\n<Idle|FS:0,0>\r\n", 12) == [AlarmCleared(code="grbl-alarm-1")]


def test_a_controller_found_locked_says_so_once() -> None:
    bench = Bench()
    assert [fact.code for fact in bench.status("Alarm", 0) if isinstance(fact, AlarmRaised)] == ["grbl-alarm"]
    assert bench.status("Alarm", 1) == []
    assert bench.status("Idle", 2) == [AlarmCleared(code="grbl-alarm")]


def test_a_banner_in_mid_job_is_a_reset() -> None:
    bench = Bench()
    bench.status("Run", 0)
    bench.hear("Grbl 1.1h ['$' for help]\r\n", 3)
    assert [(end.outcome, end.reason) for end in bench.ends] == [(Outcome.FAILED, "the controller was reset")]
    bench.status("Idle", 4)
    bench.status("Idle", 9)
    assert len(bench.ends) == 1


# --- out of reach -----------------------------------------------------------------------------------------------------


def unplugged() -> Bench:
    bench = Bench()
    bench.status("Run", 0)
    bench.watch.lost(at=5)
    bench.link = GrblLink()
    return bench


def test_a_machine_that_is_still_at_it_after_a_replug_goes_on_with_the_same_job() -> None:
    bench = unplugged()
    assert bench.watch.tick(at=20) == ()
    assert bench.status("Run", 20) == []
    bench.status("Idle", 30)
    bench.status("Idle", 31)
    assert [(end.outcome, end.wall_s) for end in bench.ends] == [(Outcome.FINISHED, 30)]


@pytest.mark.parametrize("word", ["<Idle>\n", "<Alarm>\n", "Grbl 1.1h ['$' for help]\n"])
def test_a_machine_that_is_at_rest_after_a_replug_ended_its_job_somehow_once(word: str) -> None:
    bench = unplugged()
    bench.hear(word * 2, 20)
    assert [(end.outcome, end.wall_s) for end in bench.ends] == [(Outcome.UNKNOWN, 5)]


def test_a_machine_that_stays_away_is_given_up_once() -> None:
    bench = unplugged()
    facts = [fact for at in (10, 64, 66, 100) for fact in bench.watch.tick(at=at)]
    assert [type(fact) for fact in facts] == [JobEnded]
    assert bench.status("Idle", 200) == []
    bench.status("Run", 201)
    assert bench.kinds()[-1] is JobStarted


def test_when_nobody_watches_any_more_the_job_ends_as_unknown() -> None:
    bench = Bench()
    bench.status("Run", 0)
    (end,) = bench.watch.stop(at=3)
    assert isinstance(end, JobEnded) and end.outcome is Outcome.UNKNOWN
    assert bench.watch.stop(at=4) == ()


# --- the beam ---------------------------------------------------------------------------------------------------------


def codes(facts: list[Fact]) -> list[str]:
    return [fact.code for fact in facts if isinstance(fact, AlarmRaised)]


@pytest.mark.parametrize("name", ["grbl11-beam-on-while-idle", "grblhal-beam-on-while-idle"])
def test_a_beam_that_stands_still_is_an_alarm_after_two_seconds_on_both_firmwares(name: str) -> None:
    bench = Bench()
    found: list[Fact] = []
    for at, direction, data in transcript(name):
        if direction == "<":
            found += bench.hear(data, at)
        if b"<Idle" in data and b",300" in data:
            break
    assert codes(found) == []
    standing = "Idle|MPos:3.000,0.000,0.000|FS:0,300"
    assert codes([fact for n in range(1, 10) for fact in bench.status(standing, at + n * 0.2)]) == []
    assert codes([fact for n in range(10, 20) for fact in bench.status(standing, at + n * 0.2)]) == [BEAM]
    assert AlarmCleared(code=BEAM) in bench.status("Idle|FS:0,0", at + 5)


def test_the_programmed_power_that_grblhal_shows_in_idle_is_no_beam() -> None:
    bench = Bench()
    bench.hear("GrblHAL 1.1f ['$' or '$HELP' for help]\r\n", 0)
    bench.status("Run|FS:600,500|A:C", 1)
    for n in range(20):
        bench.status("Idle|FS:0,500", 2 + n)
    assert codes(bench.facts) == []


def test_a_spindle_that_turns_while_idle_is_no_beam_and_has_no_laser_seconds() -> None:
    bench = Bench(laser=False)
    bench.status("Run|FS:600,1000|Ov:100,100,100|A:S", 0)
    for n in range(10):
        bench.status("Idle|FS:0,1000", 1 + n)
    assert codes(bench.facts) == []
    assert bench.ends[0].laser_on_s is None


def test_seconds_without_a_report_are_not_counted_as_beam() -> None:
    bench = Bench()
    for at in (0, 0.5, 1, 60, 60.5):
        bench.status("Run|FS:1,100", at)
    assert bench.watch.laser_on_s == pytest.approx(1.5)


WORDS = st.sampled_from([
    "<Run|FS:10,10|A:S>", "<Run|FS:10,0>", "<Idle|FS:0,0>", "<Idle|FS:0,300>", "<Hold:0>", "<Door:1>", "<Alarm>",
    "<Jog>", "<Sleep>", "ALARM:1", "ALARM:9", "ok", "Grbl 1.1h", "GrblHAL 1.1f", "lost", "tick",
])  # fmt: skip


@given(st.lists(st.tuples(WORDS, st.floats(-1, 80)), max_size=60))
def test_whatever_happens_jobs_and_alarms_begin_and_end_in_turn(steps: list[tuple[str, float]]) -> None:
    bench, at = Bench(), 0.0
    for word, wait in steps:
        at += wait
        if word == "lost":
            bench.watch.lost(at=at)
        elif word == "tick":
            bench.facts += bench.watch.tick(at=at)
        else:
            bench.hear(word + "\r\n", at)
    raised: set[str] = set()
    open_jobs: set[str] = set()
    for fact in bench.facts:
        match fact:
            case JobStarted():
                assert not open_jobs
                open_jobs.add(fact.job)
            case JobEnded():
                open_jobs.remove(fact.job)
                assert fact.laser_on_s is not None and fact.laser_on_s >= 0
                assert fact.wall_s == fact.active_s + fact.paused_s >= 0
            case AlarmRaised():
                assert fact.code not in raised
                raised.add(fact.code)
            case AlarmCleared():
                raised.remove(fact.code)
    assert bool(open_jobs) == bench.watch.tracker.open
