"""What the stack tells people: where everything is once it runs, and how it is doing."""

import json
from collections.abc import Mapping
from typing import Any

from deploy.local.health import not_ready
from deploy.local.lock import StackLock
from deploy.local.places import Places


def welcome(content: Mapping[str, Any], places: Places, *, background: bool) -> str:
    """The address, who may sign in, and where operators look; from the run file's content."""
    services, people = content["services"], content["demo"]
    lines = [
        "",
        f"  The portal            {services['gateway']['url']}",
        f"  a tenant              {people['tenant']['login']}  {people['tenant']['password']}",
        f"  another tenant        {people['other_tenant']['login']}  {people['other_tenant']['password']}",
        f"  an operator           {people['operator']['login']}  {people['operator']['password']}",
        "",
        *(f"  {name + ' panel':<21} {row['url']}/panel" for name, row in services.items()),
        f"  Autopay sandbox       {content['sandbox']['autopay']['url']}",
        f"  login.gov.pl sandbox  {content['sandbox']['trusted_profile']['url']}",
        "",
        f"  all addresses         {places.run_file}",
        f"  logs                  {places.log}",
        "",
        "`make down` stops it all; what happened is kept."
        if background
        else "Ctrl-C stops it all; what happened is kept.",
    ]
    return "\n".join(lines)


def status(places: Places) -> tuple[bool, str]:
    """Whether the stack runs and every service is ready, and a line for each process."""
    if not places.run.exists() or not StackLock(places).taken:
        return False, f"nothing runs here ({places.var}): `make up` or `make demo` starts it"
    try:
        content = json.loads(places.run_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False, "it is starting or stopping"
    lines = [f"  {name:<18} process {row['pid']}" for name, row in content["processes"].items()]
    states = {name: not_ready(row["url"]) for name, row in content["services"].items()}
    for name, reason in states.items():
        lines.append(
            f"  {name:<18} {content['services'][name]['url']}  {'not ready: ' + reason if reason else 'ready'}"
        )
    return not any(states.values()), "\n".join(lines)
