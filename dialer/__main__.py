"""The entry point: `dialer` and `python -m dialer`."""

import sys


def main() -> None:
    """Runs the command line. Ctrl-C ends it without a traceback, even while it is still loading."""
    try:
        # Loading takes a second, in which somebody may change their mind.
        from dialer.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
