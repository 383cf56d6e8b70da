"""How operators' commands tell: figures on standard output, everything else on standard error."""

import sys
import time
from typing import Final

ZLOTY_GROSZE: Final = 100
QUIET_SECONDS: Final = 10.0  # between lines of progress where nobody watches a terminal
NOBODY_THERE: Final = ("refused", "_TIMED_OUT", "_TRANSPORT", "ALL_BROKERS_DOWN", "KafkaConnectionError")
MAKE_UP: Final = "is the stack running? `make up` starts it"


class Progress:
    """Tells how far a long command is: on a terminal in one line, elsewhere (a log, a pipe) a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._told_at = -QUIET_SECONDS
        self._open = False

    def __call__(self, text: str) -> None:
        """Tell how far it is."""
        if self._terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201  # an operator's command
            self._open = True
        elif time.monotonic() - self._told_at >= QUIET_SECONDS:
            self._told_at = time.monotonic()
            say(text)

    def end(self) -> None:
        """Leave the line: something else is told next."""
        if self._open:
            print(file=sys.stderr)  # noqa: T201  # the same
            self._open = False


progress: Final = Progress()


def say(text: str) -> None:
    """Tell a whole line: a fault, a warning, what was done."""
    progress.end()
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # an operator's command


def zloty(amount_grosze: int) -> str:
    """Write an amount as people read it, such as `1 234,56 zł`; scripts take grosze by --json."""
    whole, grosze = divmod(abs(int(amount_grosze)), ZLOTY_GROSZE)  # a sum comes from PostgreSQL as a decimal
    sign = "-" if amount_grosze < 0 else ""
    return f"{sign}{whole:,}".replace(",", " ") + f",{grosze:02d} zł"


def why_away(error: BaseException) -> str:
    """What to tell of a server that does not answer, and what to look at first."""
    said = str(error) or type(error).__name__
    nobody = isinstance(error, ConnectionRefusedError) or any(sign in said for sign in NOBODY_THERE)
    return f"{said}: {MAKE_UP}" if nobody else said
