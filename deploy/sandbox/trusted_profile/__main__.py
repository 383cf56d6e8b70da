"""``python -m deploy.sandbox.trusted_profile [--host HOST] [--port PORT]``: run the stand-in until told to stop."""

from deploy.sandbox import serving
from deploy.sandbox.trusted_profile.app import create_app
from deploy.sandbox.trusted_profile.settings import Settings


def main() -> None:
    """Read settings and options, serve."""
    settings = Settings()
    serving.serve(
        "deploy.sandbox.trusted_profile",
        __doc__,
        lambda: create_app(settings),
        settings.sandbox_trusted_profile_port,
        settings.log_level,
    )


if __name__ == "__main__":
    main()
