"""Every service's own panel for operators: what it reads, what it still has to tell, what it could not take.

`mount` gives a service `/panel` (pages for staff, live) and `/ops` (the same as JSON). A service adds figures of its
own by `Section`s, and pages of its own by `Panel.staff` and `Panel.render`.
"""

from libs.chassis.panel.frame import Link, Panel, PanelParts, StaffForm, see_other
from libs.chassis.panel.mounting import mount
from libs.chassis.panel.overview import Section, Table
from libs.chassis.panel.staff import PanelSession

__all__ = ["Link", "Panel", "PanelParts", "PanelSession", "Section", "StaffForm", "Table", "mount", "see_other"]
