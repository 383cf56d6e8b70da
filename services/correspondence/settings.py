"""What correspondence reads from the environment."""

from libs.chassis.settings import StoringSettings


class Settings(StoringSettings):
    """Correspondence's settings; it needs no more than every service with a database."""

    port: int = 8104
