"""What comes of the messages that calls play, an agentless campaign's and that of who was abandoned."""

from dialer.core.effects import Effect, MessageOver, PersonOptedOut
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import CallEnd, Outcome


def key_pressed(call: FloorCall, digit: str, at: float) -> list[Effect]:
    """A key was pressed while a message played; the one that opts out counts once.

    The switch has ended the call by itself.
    """
    if digit != call.opt_out_key or call.opted_out:
        return []
    call.opted_out = True
    if call.menu is not None:
        call.menu.close()
    return [PersonOptedOut(call.attempt, at)]


def message_over(call: FloorCall, outcome: Outcome, end: CallEnd, at: float) -> list[Effect]:
    """What an agentless campaign's message or menu came to, unless the person has opted out."""
    if outcome != Outcome.ANSWERED or call.opted_out:
        return []
    if call.menu is None:
        return [MessageOver(call.attempt, at, end.heard_all)]
    return [MessageOver(call.attempt, at, call.menu.finished, call.menu.disposition)]
