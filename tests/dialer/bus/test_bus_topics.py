"""No value can turn one topic into another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bus import topics

TEMPLATES = [
    topics.CAMPAIGN_STATE,
    topics.CAMPAIGN_STATS,
    topics.AGENT_STATE,
    topics.AGENT_CALL,
    topics.AGENT_PREVIEW,
    topics.AGENT_MESSAGE,
    topics.CALL_EVENT,
    topics.NODE_STATUS,
]


def test_the_topics_are_those_agreed():
    assert topics.campaign_state("acme", 7) == "dialer/v1/acme/campaign/7/state"
    assert topics.campaign_stats("acme", 7) == "dialer/v1/acme/campaign/7/stats"
    assert topics.agent_state("acme", 3) == "dialer/v1/acme/agent/3/state"
    assert topics.agent_call("acme", 3) == "dialer/v1/acme/agent/3/call"
    assert topics.agent_preview("acme", 3) == "dialer/v1/acme/agent/3/preview"
    assert topics.agent_message("acme", 3) == "dialer/v1/acme/agent/3/message"
    assert topics.call_event("acme", 99) == "dialer/v1/acme/call/99/event"
    assert topics.node_status("north-1") == "dialer/v1/node/north-1/status"


def test_a_filter_leaves_open_what_is_not_given():
    assert topics.topic_filter(topics.AGENT_CALL, client="acme") == "dialer/v1/acme/agent/+/call"
    assert topics.topic_filter(topics.CALL_EVENT) == "dialer/v1/+/call/+/event"


@pytest.mark.parametrize(
    "part",
    [
        "",
        "a/b",
        "+",
        "#",
        "a+",
        "Acme",
        "ä",
        "a b",
        "a\n",
        "$share",
        "+4915112345",
        "a" * 65,
        -1,
        True,
        None,
        1.5,
    ],
)
def test_a_part_that_is_no_slug_and_no_number_is_refused(part):
    with pytest.raises(topics.BadTopicPart):
        topics.campaign_state(part, 7)
    with pytest.raises(topics.BadTopicPart):
        topics.topic_filter(topics.AGENT_CALL, client=part)


@given(
    template=st.sampled_from(TEMPLATES),
    part=st.one_of(st.text(), st.integers(), st.from_regex("[a-z0-9/+#-]+")),
)
def test_whatever_the_part_a_topic_keeps_its_levels_and_has_no_wildcard(template, part):
    names = topics.parameters(template)
    try:
        topic = topics.fill(template, **dict.fromkeys(names, part))
    except topics.BadTopicPart:
        return
    assert topic.count("/") == template.count("/")
    assert not set("+#{}\x00") & set(topic)
    assert topic == topic.lower()
