"""What the demo's tenants have written to the company, and what the operator did; sent twice it counts once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from deploy.demo.days import today
from deploy.demo.portal import Portal


@dataclass(frozen=True, slots=True)
class Exchange:
    """A matter of the demo: what the tenant sends, and the staff's answer (None: it still waits).

    `due_in_days`: the operator takes it over and means to answer so soon.
    """

    key: str
    matter: dict[str, object]
    reply: dict[str, object] | None = None
    due_in_days: int | None = None


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

# What another tenant writes, so that the inbox holds letters of several people in several states.
OTHERS = (
    Exchange(
        "demo-noise",
        {"matter_type_id": "general", "title": "Hałas po godzinie 22", "text": "Sąsiad z góry słucha głośno muzyki."},
        due_in_days=2,
    ),
    Exchange(
        "demo-lift",
        {
            "matter_type_id": "general",
            "title": "Winda staje na trzecim piętrze",
            "text": "Od wczoraj, co kilka kursów.",
        },
        due_in_days=1,
    ),
    Exchange(
        "demo-keys",
        {"matter_type_id": "general", "title": "Drugi klucz do altany", "text": "Czy mogę dostać drugi klucz?"},
        {"text": "Klucz czeka w biurze, w pokoju 3.", "close": True},
    ),
    Exchange(
        "demo-charge",
        {"matter_type_id": "general", "title": "Pytanie o zaliczkę na ogrzewanie", "text": "Skąd wynika jej wysokość?"},
    ),
)


async def exchange(
    portal: Portal, tenant_token: str, operator_token: str, lease_id: str, exchanges: Sequence[Exchange] = EXCHANGES
) -> int:
    """Send all of them; give how many there are."""
    for one in exchanges:
        matter_id = await portal.raise_matter(tenant_token, one.key, {**one.matter, "lease_id": lease_id})
        if one.reply is not None:
            await portal.answer_matter(operator_token, one.key, matter_id, one.reply)
        if one.due_in_days is not None:
            await portal.take_matter(operator_token, matter_id, today() + timedelta(days=one.due_in_days))
    return len(exchanges)
