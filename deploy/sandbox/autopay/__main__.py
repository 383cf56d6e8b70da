"""``python -m deploy.sandbox.autopay [--host HOST] [--port PORT]``: run the stand-in until it is told to stop."""

from deploy.sandbox import serving
from deploy.sandbox.autopay.app import create_app
from deploy.sandbox.autopay.settings import Settings


def main() -> None:
    """Read settings and options, serve."""
    settings = Settings()
    serving.serve(
        "deploy.sandbox.autopay",
        __doc__,
        lambda: create_app(settings),
        settings.sandbox_autopay_port,
        settings.log_level,
    )


if __name__ == "__main__":
    main()
