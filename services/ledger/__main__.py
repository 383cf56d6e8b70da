"""`python -m services.ledger`: run the service, some of its roles, or one of its operators' commands."""

from libs.chassis.runtime import Service, run
from services.ledger.app import FOLDER, build
from services.ledger.operate import COMMANDS
from services.ledger.settings import NAME, Settings

LEDGER = Service(NAME, Settings, build, FOLDER, COMMANDS)

if __name__ == "__main__":
    run(LEDGER)
