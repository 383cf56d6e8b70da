"""What the demo's tenant has written to the company, and what the operator answered; sent twice it counts once."""

from dataclasses import dataclass

from deploy.demo.portal import Portal


@dataclass(frozen=True, slots=True)
class Exchange:
    """A matter of the demo: what the tenant sends, and the staff's answer (None: it still waits)."""

    key: str
    matter: dict[str, object]
    reply: dict[str, object] | None = None


EXCHANGES = (
    Exchange(
        "demo-persons",
        {
            "matter_type_id": "persons",
            "title": "Zmiana liczby osób w mieszkaniu",
            "fields": {"count": "3", "since": "2026-12-01", "reason": "urodzenie dziecka", "true-data": "tak"},
        },
        {"text": "Dziękujemy. Nową liczbę osób uwzględnimy od następnego naliczenia.", "close": True},
    ),
    Exchange(
        "demo-fault",
        {
            "matter_type_id": "fault",
            "title": "Cieknie kran w kuchni",
            "text": "Dzień dobry,\nproszę o szybką pomoc.",
            "fields": {
                "place": "w mieszkaniu lub lokalu",
                "kind": "woda lub kanalizacja",
                "description": "Kran w kuchni cieknie od wczoraj, także po zakręceniu.",
                "visit": "w dni robocze po 16",
            },
        },
        {"text": "Konserwator może przyjść jutro. Czy pasuje godzina 16:30?", "asks": True},
    ),
    Exchange(
        "demo-general",
        {
            "matter_type_id": "general",
            "title": "Rower na klatce schodowej",
            "text": "Czy w budynku jest miejsce na przechowywanie rowerów?",
        },
    ),
)


async def exchange(portal: Portal, tenant_token: str, operator_token: str, lease_id: str) -> int:
    """Send all of them; give how many there are."""
    for one in EXCHANGES:
        matter_id = await portal.raise_matter(tenant_token, one.key, {**one.matter, "lease_id": lease_id})
        if one.reply is not None:
            await portal.answer_matter(operator_token, one.key, matter_id, one.reply)
    return len(EXCHANGES)
