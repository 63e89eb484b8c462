"""`python -m dialer.switch SOCKET`: one switch process; the engine starts it.

The argument only tells whoever looks at the processes which switch it is.
"""

import sys

import msgspec

from dialer.switch.options import SwitchOptions
from dialer.switch.process import run
from dialer.switch.sip_call import EndpointError


def main() -> int:
    """Reads its options as JSON from standard input: they hold passwords, and arguments are seen by all."""
    options = msgspec.json.decode(
        sys.stdin.buffer.read(), type=SwitchOptions, dec_hook=lambda kind, value: kind(value)
    )
    try:
        run(options)
    except (EndpointError, OSError) as error:
        print(f"switch: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
