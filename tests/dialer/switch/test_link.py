"""The engine's end of the socket, where no switch can be started."""

import os
import signal
from pathlib import Path

import pytest
import structlog

from dialer.switch.link import SwitchUnavailable
from dialer.switch.messages import SwitchReady
from tests.dialer.switch.conftest import Switch
from tests.support import eventually


async def test_a_log_that_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path) -> None:
    switch = Switch(tmp_path)
    switch.options.log_file.mkdir()
    with pytest.raises(SwitchUnavailable, match=r"cannot be started \(.*directory"):
        await switch.link.start()
    await switch.stop()


async def test_a_switch_that_cannot_be_started_again_is_tried_until_it_can(switch: Switch) -> None:
    ready = switch.events[0]
    assert isinstance(ready, SwitchReady)
    log = switch.options.log_file
    log.rename(log.with_name("old.log"))
    log.mkdir()
    with structlog.testing.capture_logs() as logs:
        os.kill(ready.pid, signal.SIGKILL)
        await eventually(lambda: [each for each in logs if each["event"] == "switch not started"])
    assert not switch.link.up
    log.rmdir()
    await eventually(lambda: switch.link.up)
