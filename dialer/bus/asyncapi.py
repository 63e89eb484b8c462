"""The AsyncAPI 3.0 document of the bus, made from the message classes.

`python -m dialer.bus.asyncapi > docs/asyncapi.json` writes the one that is kept with the code.
"""

import inspect
import json
import sys
from typing import Any

import msgspec

from dialer.bus import topics
from dialer.bus.messages import MESSAGES, Envelope, Message

_API_VERSION = "1.0.0"
_MQTT_BINDING = "0.2.0"
_SCHEMAS = "#/components/schemas/"
_DESCRIPTION = """What an outbound campaign dialer says over MQTT.

Retained topics hold the newest state, and are cleared when their subject is deleted. A message may come
twice, with the same `id`. No topic and no message holds a phone number or a name of a person."""


def document() -> dict[str, Any]:
    """The document, as JSON values."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Dialer", "version": _API_VERSION, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {_name(message): _channel(message) for message in MESSAGES},
        "operations": {f"send{_name(message)}": _operation(message) for message in MESSAGES},
        "components": {
            "messages": {_name(message): _message(message) for message in MESSAGES},
            "schemas": _schemas(),
        },
    }


def text() -> str:
    """The document as the file that is kept."""
    return json.dumps(document(), indent=2) + "\n"


def _name(message: type[Message]) -> str:
    return message.__name__


def _summary(message: type[Message]) -> str:
    return inspect.getdoc(message) or ""


def _channel(message: type[Message]) -> dict[str, Any]:
    name = _name(message)
    return {
        "address": message.template,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {
            parameter: {
                "description": "What the field of this name in the message says.",
                "location": f"$message.payload#/data/{parameter}",
            }
            for parameter in topics.parameters(message.template)
        },
    }


def _operation(message: type[Message]) -> dict[str, Any]:
    name = _name(message)
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "bindings": {
            "mqtt": {"qos": message.qos, "retain": message.retained, "bindingVersion": _MQTT_BINDING}
        },
    }


def _message(message: type[Message]) -> dict[str, Any]:
    return {
        "name": message.type_name,
        "summary": _summary(message).splitlines()[0],
        "payload": {"$ref": f"{_SCHEMAS}{_name(message)}Envelope"},
    }


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components((*MESSAGES, Envelope), ref_template=_SCHEMAS + "{name}")
    del schemas["Message"]
    envelope = schemas.pop("Envelope")
    for message in MESSAGES:
        schemas[f"{_name(message)}Envelope"] = _sealed(envelope, message)
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    return schemas


def _sealed(envelope: dict[str, Any], message: type[Message]) -> dict[str, Any]:
    """The envelope's schema with one kind of message inside."""
    return {
        **envelope,
        "title": f"{_name(message)}Envelope",
        "properties": {
            **envelope["properties"],
            "type": {"const": message.type_name},
            "data": {"$ref": f"{_SCHEMAS}{_name(message)}"},
        },
    }


if __name__ == "__main__":
    sys.stdout.write(text())
