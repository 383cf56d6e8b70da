"""Run the gateway: `python -m services.gateway`."""

from libs.chassis.runtime import Service, run
from services.gateway.app import FOLDER, NAME, build
from services.gateway.settings import Settings

GATEWAY = Service(NAME, Settings, build, FOLDER)

if __name__ == "__main__":
    run(GATEWAY)
