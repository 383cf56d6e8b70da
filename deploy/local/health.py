"""Waits until every service says that it is ready, and tells those that do not in their own words."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.progress import Progress, StackError

READY_SECONDS = 120.0
ASK_SECONDS = 2.0
PAUSE_SECONDS = 0.1
TOLD_CHARACTERS = 400


def not_ready(url: str) -> str:
    """Why the service at that address is not ready; empty when it is."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=ASK_SECONDS):  # noqa: S310 - an address of ours
            return ""
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")[:TOLD_CHARACTERS]
    except OSError as error:
        return str(getattr(error, "reason", error))


def wait_for_services(urls: Mapping[str, str], progress: Progress, alive: Callable[[], bool], log: Path) -> None:
    """Return when every service is ready, saying which is as it happens.

    Raises:
        StackError: some are not within the time; what they say, or that they do not answer, is told.
    """
    waiting, until = dict(urls), time.monotonic() + READY_SECONDS
    reasons: dict[str, str] = {}
    while waiting and time.monotonic() < until and alive():
        reasons = {service: not_ready(url) for service, url in waiting.items()}
        for service, reason in reasons.items():
            if not reason:
                progress.say(f"  {service}: {waiting.pop(service)}")
        time.sleep(PAUSE_SECONDS if waiting else 0)
    if waiting:
        told = "\n".join(f"  {service}: {reasons.get(service) or 'no answer'}" for service in waiting)
        raise StackError(f"not ready after {READY_SECONDS:.0f} s (logs: {log}):\n{told}")
