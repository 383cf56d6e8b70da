"""Runs the operators' commands as an operator would: a process each, with the project's interpreter."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final

from deploy.demo.places import ROOT, DemoError, Places

COMMAND_TIMEOUT_SECONDS: Final = 1_800  # an import of a very large company
TAIL_CHARACTERS: Final = 2_000


async def operate(places: Places, service: str, arguments: Sequence[str], *, typed: str = "") -> str:
    """Run `python -m services.<service> …` with `typed` on its standard input; give what it printed.

    Raises:
        DemoError: it failed or took too long; the end of what it said is told.
    """
    name = f"services.{service} {arguments[0]}"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{service}",
        *arguments,
        cwd=ROOT,
        env=os.environ | {"IOK_VAR": str(places.var)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
            printed, complained = await child.communicate(typed.encode())
    except TimeoutError as error:
        raise DemoError(f"{name} did not end within {COMMAND_TIMEOUT_SECONDS} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        said = complained.decode(errors="replace")[-TAIL_CHARACTERS:].strip()
        raise DemoError(f"{name} failed ({child.returncode}):\n{said}")
    return printed.decode().strip()
