"""What waits, what gives way, and in which order things go out."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dialer.bus.outbox import Outbox, Outgoing

BACKLOG = 5


def state(topic, value):
    return Outgoing(topic, value, qos=1, retained=True)


def event(number):
    return Outgoing("events", str(number).encode(), qos=1, retained=False)


def test_of_a_state_only_the_newest_waits():
    outbox = Outbox(BACKLOG)
    for value in (b"1", b"2", b"3"):
        outbox.put(state("a", value))
    assert outbox.take(10) == [state("a", b"3")]
    assert len(outbox) == 0


def test_a_newer_state_is_not_undone_by_one_that_could_not_be_sent():
    outbox = Outbox(BACKLOG)
    outbox.put(state("a", b"1"))
    batch = outbox.take(10)
    outbox.put(state("a", b"2"))
    outbox.restore(batch)
    assert outbox.take(10) == [state("a", b"2")]


def test_clearing_forgets_the_state_and_is_itself_sent_once():
    outbox = Outbox(BACKLOG)
    outbox.put(state("a", b"1"))
    outbox.clear("a")
    assert outbox.take(10) == [state("a", b"")]
    outbox.resend_retained()
    assert outbox.take(10) == []


def test_clearing_that_could_not_be_sent_is_not_forgotten():
    outbox = Outbox(BACKLOG)
    outbox.put(state("a", b"1"))
    outbox.take(10)
    outbox.clear("a")
    outbox.restore(outbox.take(10))
    outbox.resend_retained()
    assert outbox.take(10) == [state("a", b"")]


def test_all_states_are_sent_again_for_a_broker_that_forgot_them():
    outbox = Outbox(BACKLOG)
    outbox.put(state("a", b"1"))
    outbox.put(state("b", b"2"))
    outbox.take(10)
    outbox.resend_retained()
    assert outbox.take(10) == [state("a", b"1"), state("b", b"2")]


@given(limit=st.integers(2, 10))
def test_neither_many_states_nor_many_events_keep_the_others_waiting(limit):
    outbox = Outbox(100)
    for number in range(20):
        outbox.put(state(f"topic-{number}", b"x"))
        outbox.put(event(number))
    first, second = outbox.take(limit), outbox.take(limit)
    assert len(first) == len(second) == limit
    both = first + second
    assert {outgoing.retained for outgoing in both} == {True, False}


class OutboxAndBroker(RuleBasedStateMachine):
    """Anything may be put, and any batch may fail after part of it has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(BACKLOG)
        self.meant: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.arrived: list[int] = []
        self.events = 0

    @rule(topic=st.sampled_from("abc"), value=st.binary(min_size=1, max_size=2))
    def put_state(self, topic, value):
        self.outbox.put(state(topic, value))
        self.meant[topic] = value

    @rule(topic=st.sampled_from("abc"))
    def clear(self, topic):
        self.outbox.clear(topic)
        self.meant.pop(topic, None)

    @rule()
    def put_event(self):
        self.outbox.put(event(self.events))
        self.events += 1

    @rule(limit=st.integers(1, 6))
    def send(self, limit):
        for outgoing in self.outbox.take(limit):
            self.arrive(outgoing)

    @rule(
        limit=st.integers(1, 6), part=st.integers(0, 6), forgets=st.booleans(), topic=st.sampled_from("abc")
    )
    def fail(self, limit, part, forgets, topic):
        batch = self.outbox.take(limit)
        for outgoing in batch[:part]:
            self.arrive(outgoing)
        self.put_state(topic, b"newer")
        self.put_event()
        self.outbox.restore(batch)
        if forgets:
            self.kept.clear()
        self.outbox.resend_retained()

    def arrive(self, outgoing):
        if not outgoing.retained:
            self.arrived.append(int(outgoing.payload))
        elif outgoing.payload:
            self.kept[outgoing.topic] = outgoing.payload
        else:
            self.kept.pop(outgoing.topic, None)

    @invariant()
    def no_more_waits_than_may(self):
        assert len(self.outbox) <= BACKLOG + 3

    def teardown(self):
        while batch := self.outbox.take(3):
            for outgoing in batch:
                self.arrive(outgoing)
        once = list(dict.fromkeys(self.arrived))
        assert self.kept == self.meant
        assert once == sorted(once)
        assert len(once) + self.outbox.dropped >= self.events
        assert len(self.arrived) + self.outbox.dropped >= self.events


TestWhateverHappensTheBrokerEndsWithWhatWasMeant = OutboxAndBroker.TestCase
