"""What the ledger reads from the environment."""

from typing import Final

from libs.chassis.settings import StoringSettings

NAME: Final = "ledger"


class Settings(StoringSettings):
    """The ledger's settings; it needs no more than every service with a database."""

    port: int = 8102
