"""How the demo company is reached, and what its accessibility declaration says: invented, but true of the portal."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from deploy.demo import names

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "IOK_COMPANY_CONTACT": f"ul. Przykładowa 1, {names.TOWN}",
        "IOK_COMPANY_EMAIL": "mieszkancy@tbs.example",
        "IOK_COMPANY_PHONE": "00 000 00 00",
        "IOK_COMPANY_PRIVACY_OFFICER": "iod@tbs.example",
        "IOK_ACCESSIBILITY_GAPS": "Film w Pomocy ma napisy, ale nie ma tłumaczenia na polski język migowy.",
        "IOK_ACCESSIBILITY_PUBLISHED_ON": "2026-11-02",
        "IOK_ACCESSIBILITY_UPDATED_ON": "2026-11-23",
        "IOK_ACCESSIBILITY_PREPARED_ON": "2026-11-23",
        "IOK_ACCESSIBILITY_REVIEWED_ON": "2026-11-23",
    }
)
"""What the services are told of it (see services/gateway/README.md)."""
