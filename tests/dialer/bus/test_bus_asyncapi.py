"""The document says what is really sent."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from dialer.bus import asyncapi
from dialer.bus.messages import MESSAGES, encode

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEPT = Path(__file__).parents[3] / "docs" / "asyncapi.json"


def payload_validator(message_name):
    document = asyncapi.document()
    reference = document["components"]["messages"][message_name]["payload"]
    return jsonschema.Draft7Validator(
        {**reference, "components": document["components"]}, format_checker=jsonschema.FormatChecker()
    )


def test_the_kept_document_is_current():
    assert KEPT.read_text() == asyncapi.text(), "run: python -m dialer.bus.asyncapi > docs/asyncapi.json"


def test_every_message_has_its_channel_with_topic_and_flags():
    document = asyncapi.document()
    assert document["asyncapi"] == "3.0.0"
    for message in MESSAGES:
        operation = document["operations"][f"send{message.__name__}"]
        channel = document["channels"][message.__name__]
        assert channel["address"] == message.template
        assert operation["bindings"]["mqtt"]["retain"] == message.retained
        assert operation["bindings"]["mqtt"]["qos"] == message.qos
        for parameter in channel["parameters"]:
            assert parameter in document["components"]["schemas"][message.__name__]["required"]


def test_every_reference_leads_somewhere():
    document = asyncapi.document()

    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_what_is_sent_is_what_the_document_says(one_of_each):
    assert {type(message) for message in one_of_each} == set(MESSAGES)
    for message in one_of_each:
        sent = json.loads(encode(message, id="1f", time=NOON, seq=3))
        payload_validator(type(message).__name__).validate(sent)


def test_what_is_not_a_message_is_not_what_the_document_says(one_of_each):
    for message in one_of_each:
        sent = json.loads(encode(message, id="1f", time=NOON, seq=3))
        for broken in ({**sent, "type": "other"}, {**sent, "data": {}}, {**sent, "seq": -1}):
            with pytest.raises(jsonschema.ValidationError):
                payload_validator(type(message).__name__).validate(broken)
