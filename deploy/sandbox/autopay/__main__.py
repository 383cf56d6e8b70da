"""``python -m deploy.sandbox.autopay [--host HOST] [--port PORT]``: run the stand-in until it is told to stop."""

import argparse
import logging

import uvicorn

from deploy.sandbox.autopay.app import create_app
from deploy.sandbox.autopay.settings import Settings


def main() -> None:
    """Read settings and options, serve."""
    settings = Settings()
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.autopay", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=settings.sandbox_autopay_port, help="port (default: %(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # No access log: a start by GET carries the payer's e-mail in its address.
    uvicorn.run(create_app(settings), host=options.host, port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
