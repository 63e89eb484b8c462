"""`python -m dialer.switch OPTIONS`: one switch process; the engine starts it."""

import sys

import msgspec

from dialer.switch.options import SwitchOptions
from dialer.switch.process import run
from dialer.switch.sip_call import EndpointError


def main() -> int:
    """Takes its options as one JSON argument, as `dialer.switch.link` passes them."""
    options = msgspec.json.decode(sys.argv[1], type=SwitchOptions, dec_hook=lambda kind, value: kind(value))
    try:
        run(options)
    except (EndpointError, OSError) as error:
        print(f"switch: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
