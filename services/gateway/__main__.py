"""Run the gateway: `python -m services.gateway`."""

import sys

from libs.chassis.runtime import Service, main
from services.gateway.app import FOLDER, NAME, build
from services.gateway.settings import Settings

GATEWAY = Service(NAME, Settings, build, FOLDER)

if __name__ == "__main__":
    sys.exit(main(GATEWAY))
