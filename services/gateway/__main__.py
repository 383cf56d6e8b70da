"""Run the gateway: `python -m services.gateway`."""

import sys

from libs.chassis.runtime import main
from services.gateway.app import SERVICE

if __name__ == "__main__":
    sys.exit(main(SERVICE))
