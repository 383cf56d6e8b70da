"""``python -m deploy.sandbox.trusted_profile [--host HOST] [--port PORT]``: run the stand-in until told to stop."""

import argparse
import logging

import uvicorn

from deploy.sandbox.trusted_profile.app import create_app
from deploy.sandbox.trusted_profile.settings import Settings


def main() -> None:
    """Read settings and options, serve."""
    settings = Settings()
    port = settings.sandbox_trusted_profile_port
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.trusted_profile", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=port, help="port (default: %(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(create_app(settings), host=options.host, port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
