"""`python -m services.correspondence`: run the service, some of its roles, or one of its operators' commands."""

from libs.chassis.runtime import Service, run
from services.correspondence.app import FOLDER, NAME, build
from services.correspondence.operate import COMMANDS
from services.correspondence.settings import Settings

CORRESPONDENCE = Service(NAME, Settings, build, FOLDER, COMMANDS, roles=("api", "relay"))

if __name__ == "__main__":
    run(CORRESPONDENCE)
