"""Mounts a panel on a service's app."""

from fastapi import FastAPI

from libs.chassis.panel import ops, pages
from libs.chassis.panel.frame import Panel, PanelParts
from libs.chassis.panel.refusals import tell_in_pages


def mount(app: FastAPI, parts: PanelParts) -> Panel:
    """Mount `/panel` and `/ops`; the panel lets the service add pages of its own."""
    panel = Panel(parts)
    app.include_router(pages.router(panel), include_in_schema=False)
    tell_in_pages(app, panel)
    app.include_router(ops.router(panel.figures, panel.desk, panel.gate))
    return panel
