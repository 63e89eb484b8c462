"""`python -m bench.leads import|claim|dnc …`: measures the leads room; `--help` behind a name tells more."""

import importlib
import sys

_MODULES = {"import": "bench.leads.importing", "claim": "bench.leads.claim", "dnc": "bench.leads.dnc"}


def main() -> None:
    """Runs the measurement that is named."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in _MODULES:
        sys.exit(f"python -m bench.leads {'|'.join(_MODULES)} …")
    importlib.import_module(_MODULES[name]).main(sys.argv[2:])


if __name__ == "__main__":
    main()
