"""VICIdial's status codes, which people who come from it know by heart: aliases of ours."""

from collections.abc import Mapping
from types import MappingProxyType

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "B": "busy",
        "AB": "busy",
        "N": "no_answer",
        "NA": "no_answer",
        "DC": "disconnected",
        "ADC": "disconnected",
        "DROP": "abandoned",
        "XDROP": "abandoned",
        "PDROP": "abandoned",
        "AA": "machine",
        "AFAX": "fax",
    }
)
"""How a call ended, in retry rules."""

DISPOSITIONS: Mapping[str, str] = MappingProxyType(
    {
        "SALE": "sale",
        "NI": "not_interested",
        "DEC": "not_interested",
        "DNC": "do_not_call",
        "DNCL": "do_not_call",
        "CALLBK": "callback",
        "CBHOLD": "callback",
        "A": "answering_machine",
        "AA": "answering_machine",
        "AM": "answering_machine",
        "AL": "answering_machine",
        "AFAX": "fax_or_modem",
        "NP": "hung_up",
        "DROP": "hung_up",
        "B": "dead_air",
        "AB": "dead_air",
        "N": "dead_air",
        "NA": "dead_air",
        "DC": "wrong_number",
        "ADC": "wrong_number",
        "PM": "message_played",
    }
)
"""What an agent may say. A call that an agent calls busy or unanswered was answered, and nobody spoke."""
