"""Mounts a panel on a service's app."""

from fastapi import FastAPI

from libs.chassis.panel import ops, pages
from libs.chassis.panel.frame import Panel, PanelParts


def mount(app: FastAPI, parts: PanelParts) -> Panel:
    """Mount `/panel` and `/ops`; the panel lets the service add pages of its own."""
    panel = Panel(parts)
    app.include_router(pages.router(panel), include_in_schema=False)
    app.include_router(ops.router(panel.figures, panel.desk, panel.gate))
    return panel
