"""`python -m dialer.api.probe`: exit code 0 where the service of this machine is ready; for containers."""

import http.client
import sys

from dialer.settings import load_settings


def main() -> int:
    """Asks /readyz once."""
    port = load_settings().api.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
