"""`python -m services.payments`: run the service, some of its roles, or one of its operators' commands."""

from libs.chassis.runtime import Service, run
from services.payments.app import FOLDER, NAME, build
from services.payments.operate import COMMANDS
from services.payments.settings import Settings

PAYMENTS = Service(NAME, Settings, build, FOLDER, COMMANDS, reads_again=True)

if __name__ == "__main__":
    run(PAYMENTS)
