"""`python -m services.identity`: run the service, some of its roles, or one of its operators' commands."""

from libs.chassis.runtime import Service, run
from services.identity.app import FOLDER, NAME, build
from services.identity.operate import COMMANDS
from services.identity.settings import Settings

IDENTITY = Service(NAME, Settings, build, FOLDER, COMMANDS, reads_again=True)

if __name__ == "__main__":
    run(IDENTITY)
