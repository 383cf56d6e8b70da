"""Leases for tests."""

from typing import Any

from libs.events.ledger import LeaseChanged, LeaseSigned


def terms(
    tenant: str, co_tenant: str | None = None, address: str = "ul. Lipowa 3/5, 99-999 Dębogród"
) -> dict[str, Any]:
    """A lease's state as JSON-ready `data`."""
    parties = [{"person_id": tenant, "role": "tenant"}]
    if co_tenant:
        parties.append({"person_id": co_tenant, "role": "co_tenant"})
    return {
        "number": "12/2024",
        "signed_on": "2024-01-10",
        "starts_on": "2024-02-01",
        "parties": parties,
        "premises": {
            "premises_id": "L-3-5",
            "kind": "dwelling",
            "address": address,
            "usable_area_m2": "48.20",
            "heated_area_m2": "44.10",
        },
        "meters": [{"meter_id": "W-1", "medium": "cold_water"}],
        "persons": 2,
        "waste_segregated": True,
        "bank_account": "61109010140000071219812874",
        "due_day": 10,
        "deposit_grosze": 240_000,
        "charge_lines": [],
    }


def signed(tenant: str, co_tenant: str | None = None, **more: Any) -> LeaseSigned:
    """A lease as signed."""
    return LeaseSigned.model_validate(terms(tenant, co_tenant, **more))


def changed(tenant: str, co_tenant: str | None = None, **more: Any) -> LeaseChanged:
    """A lease as changed."""
    return LeaseChanged.model_validate(terms(tenant, co_tenant, **more))
