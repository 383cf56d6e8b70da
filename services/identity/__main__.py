"""`python -m services.identity`: run the service or one of its operators' commands."""

import sys
from pathlib import Path

from libs.chassis.runtime import Service, main
from services.identity.app import SERVICE, build
from services.identity.operate import COMMANDS
from services.identity.settings import IdentitySettings

IDENTITY = Service(
    name=SERVICE,
    settings=IdentitySettings,
    build=build,
    folder=Path(__file__).parent,
    commands=COMMANDS,
)

if __name__ == "__main__":
    sys.exit(main(IDENTITY))
