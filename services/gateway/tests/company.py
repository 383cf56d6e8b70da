"""The invented people and figures that the stand-ins answer with."""

from dataclasses import dataclass, field
from typing import Any

BANK_ACCOUNT = "61109010140000071219812874"
PASSWORD = "trzy losowe slowa"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    login: str
    account_id: str
    name: str
    leases: dict[str, str] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)
    must_change_password: bool = False
    password: str = PASSWORD


PEOPLE = {
    person.login: person
    for person in (
        Person("anna", "acc-anna", "Anna Zażółć", {"L-1": "tenant"}),
        Person("jan", "acc-jan", "Jan Wielolokalny", {"L-2": "tenant", "L-3": "co_tenant"}),
        Person("nowa", "acc-nowa", "Nowa Osoba", {"L-4": "tenant"}, must_change_password=True),
        Person("operator", "acc-operator", "Olga Operator", {}, ["operator"]),
        Person("bezumowy", "acc-bez", "Bez Umowy"),
    )
}

ADDRESSES = {
    "L-1": "ul. Przykładowa 12 m. 7, 50-001 Wrocław",
    "L-2": "ul. Długa 4 m. 31, 50-002 Wrocław",
    "L-3": "ul. Krótka 1 lok. U2, 50-003 Wrocław",
}

LINES = [
    {
        "component": component,
        "description": description,
        "quantity": quantity,
        "unit": unit,
        "unit_price": price,
        "vat_rate": "zw",
        "amount_grosze": grosze,
    }
    for component, description, quantity, unit, price, grosze in (
        ("rent", "Czynsz", "48.5", "m²", "14.2000", 68870),
        ("heating", "Zaliczka na centralne ogrzewanie", "48.5", "m²", "4.1000", 19885),
        ("water", "Zaliczka na zimną wodę i ścieki", "6", "m³", "12.4500", 7470),
        ("waste", "Odpady komunalne", "2", "os.", "32.0000", 6400),
        ("discount", "Zniżka za segregację", "1", "szt.", "-5.0000", -500),
    )
]
MONTH_GROSZE = 102125
MONTHS = [f"{year}-{month:02}" for year in (2026, 2025) for month in range(12, 0, -1)][1:]

MATTER_TYPES: list[dict[str, Any]] = [
    {"matter_type_id": "general", "name": "Pismo ogólne", "description": "Każda sprawa, której nie ma na tej liście."},
    {
        "matter_type_id": "persons",
        "version": 3,
        "name": "Zmiana liczby osób",
        "description": "Ktoś zamieszkał lub się wyprowadził.",
        "guidance": "Podaj nową liczbę osób.\n\nZmiana działa od kolejnych miesięcy.",
        "audience": "dwelling",
        "answer_days": 14,
        "form": {
            "title": "Oświadczenie o liczbie osób",
            "online": True,
            "fields": [
                {"name": "count", "label": "Nowa liczba osób", "kind": "whole"},
                {"name": "since", "label": "Od kiedy", "kind": "date"},
                {"name": "reason", "label": "Powód", "kind": "choice", "choices": ["urodzenie dziecka", "inny"]},
                {"name": "more", "label": "Uwagi", "kind": "long_text", "required": False},
                {"name": "true-data", "label": "Potwierdzam dane", "kind": "yes"},
            ],
        },
    },
    {"matter_type_id": "shop", "name": "Szyld lokalu", "description": "Lokale użytkowe.", "audience": "commercial"},
]


def lease_row(lease_id: str) -> dict[str, Any]:
    """A lease in a list."""
    kind = "commercial" if lease_id == "L-3" else "dwelling"
    return {"lease_id": lease_id, "number": f"{lease_id}/2019", "address": ADDRESSES[lease_id], "kind": kind}


def lease(lease_id: str) -> dict[str, Any]:
    """A whole lease."""
    row = lease_row(lease_id)
    return {
        "lease_id": lease_id,
        "number": row["number"],
        "signed_on": "2019-02-18",
        "starts_on": "2019-03-01",
        "ended_on": None,
        "parties": [{"person_id": "per-1", "role": "tenant"}],
        "premises": {
            "premises_id": "pr-1",
            "kind": row["kind"],
            "address": row["address"],
            "usable_area_m2": "48.5",
            "heated_area_m2": "46.20",
        },
        "meters": [
            {"meter_id": "W-1001", "medium": "cold_water", "last_reading": "214.5", "read_on": "2026-06-30"},
            {"meter_id": "C-2002", "medium": "heat"},
        ],
        "persons": 2,
        "waste_segregated": True,
        "bank_account": BANK_ACCOUNT,
        "due_day": 15,
        "deposit_grosze": 826440,
        "charge_lines": LINES,
    }


def balance() -> dict[str, Any]:
    """What is owed."""
    return {
        "balance_grosze": 224250,
        "due_today_grosze": 122125,
        "not_yet_due_grosze": MONTH_GROSZE,
        "overpaid_grosze": 0,
        "next_due": {"due_on": "2026-12-15", "amount_grosze": MONTH_GROSZE},
        "interest_grosze": None,
        "bank_account": BANK_ACCOUNT,
        "book": 1,
        "version": 46,
        "as_of": None,
        "incomplete": False,
        "stale": False,
        "read_to": {},
    }


def entries() -> list[dict[str, Any]]:
    """The history: a charge and a payment for each month, newest first."""
    rows = []
    for number, month in enumerate(MONTHS):
        charge = {"kind": "charge", "amount_grosze": MONTH_GROSZE, "booked_on": f"{month}-01", "due_on": f"{month}-15"}
        charge["title"] = f"Naliczenie za {month}"
        charge["details"] = {"charge_id": f"ch-{month}", "month": month, "lines": LINES}
        paid = {"kind": "payment", "amount_grosze": -MONTH_GROSZE, "booked_on": f"{month}-14", "due_on": None}
        paid["title"] = "Wpłata online"
        paid["details"] = {"payment_id": f"p-{number}", "remote_id": f"AUTO{number}"}
        rows += [row | _entry(f"e-{month}-{row['kind']}", number) for row in (paid, charge)]
    return rows


def _entry(entry_id: str, number: int) -> dict[str, Any]:
    return {
        "id": entry_id,
        "version": 50 - number,
        "bank_account": BANK_ACCOUNT,
        "origin": {},
        "balance_after_grosze": 1000 * number,
    }


def explained(entry_id: str) -> dict[str, Any]:
    """What became of a charge or a payment of the history: each payment paid the charge of its month."""
    rows = {row["id"]: row for row in entries()}
    month, _, kind = entry_id.removeprefix("e-").rpartition("-")
    other = rows[f"e-{month}-{'payment' if kind == 'charge' else 'charge'}"]
    shares = [part(other, 100_000)]
    if kind == "charge":
        return {"pays": [], "taken_back_by": [], "left_grosze": None} | {
            "paid_by": shares,
            "takes_back": [],
            "unpaid_grosze": MONTH_GROSZE - 100_000,
        }
    return {"pays": shares, "left_grosze": 2125, "unpaid_grosze": None}


def unpaid_of(month: str) -> int:
    """What is unpaid of a month's charge: all of the newest, most of the one before."""
    return {MONTHS[0]: MONTH_GROSZE, MONTHS[1]: 122125 - 2000}.get(month, 0)


def part(row: dict[str, Any], grosze: int) -> dict[str, Any]:
    """A line of the history as others name it, and a part of it."""
    named = {name: row[name] for name in ("id", "kind", "title", "amount_grosze", "booked_on", "due_on")}
    return {"entry": named, "amount_grosze": grosze}


def explanation() -> dict[str, Any]:
    """Where the balance comes from: two charges, one of them paid in part."""
    charges = [row for row in entries() if row["kind"] == "charge"]
    unpaid = [part(charges[1], 122125 - 2000), part(charges[0], MONTH_GROSZE)]
    due = [{"month": MONTHS[1], "due_on": f"{MONTHS[1]}-15", "amount_grosze": 122125}]
    told = {"unpaid": unpaid, "unpaid_count": 2, "left": [], "left_count": 0, "due_today": due}
    return balance() | {"lease_id": "L-1"} | told


def charged_months() -> list[dict[str, Any]]:
    """The months with charges."""
    return [
        {"month": month, "total_grosze": MONTH_GROSZE, "due_on": f"{month}-15", "unpaid_grosze": unpaid_of(month)}
        for month in MONTHS
    ]


def turnover() -> list[dict[str, Any]]:
    """What was charged and paid, month by month."""
    return [
        {"month": month, "charged_grosze": MONTH_GROSZE, "paid_grosze": paid, "balance_grosze": MONTH_GROSZE - paid}
        for month, paid in zip(MONTHS, [0, 50000, *[MONTH_GROSZE] * len(MONTHS)], strict=False)
    ]


def statement(year: int) -> dict[str, Any]:
    """A year of the account."""
    rows = [row for row in reversed(entries()) if row["booked_on"].startswith(str(year))]
    names = ("id", "kind", "title", "amount_grosze", "booked_on", "due_on")
    items = [{name: row[name] for name in names} | {"balance_after_grosze": 0} for row in rows]
    for number, item in enumerate(items):
        item["balance_after_grosze"] = sum(row["amount_grosze"] for row in items[: number + 1])
    charged = sum(row["amount_grosze"] for row in rows if row["kind"] == "charge")
    closing = sum(row["amount_grosze"] for row in rows)
    sums = {"opening_grosze": 0, "charged_grosze": charged, "paid_grosze": charged - closing}
    return {"year": year, **sums, "closing_grosze": closing, "items": items}


def month(wanted: str, vat_rate: str = "zw") -> dict[str, Any] | None:
    """The charge of a month; the first of all has a correction."""
    if wanted not in MONTHS:
        return None
    charge: dict[str, Any] = {"charge_id": f"ch-{wanted}", "due_on": f"{wanted}-15", "amount_grosze": MONTH_GROSZE}
    charge |= {"lines": [one | {"vat_rate": vat_rate} for one in LINES], "corrections": []}
    charge["unpaid_grosze"] = unpaid_of(wanted)
    if wanted == MONTHS[1]:
        charge["corrections"] = [
            {
                "correction_id": "co-1",
                "charge_id": charge["charge_id"],
                "issued_on": f"{wanted}-20",
                "due_on": f"{wanted}-30",
                "amount_grosze": -1245,
                "lines": [LINES[2] | {"quantity": "-1", "amount_grosze": -1245}],
            }
        ]
    total = MONTH_GROSZE + sum(one["amount_grosze"] for one in charge["corrections"])
    return {"month": wanted, "charges": [charge], "total_grosze": total}


def payment(status: str) -> dict[str, Any]:
    """A payment."""
    return {"payment_id": "p-1", "lease_id": "L-1", "order_id": "o1", "amount_grosze": 122125, "status": status}


def message(author: str, text: str) -> dict[str, Any]:
    """A letter in a matter."""
    return {"message_id": "m", "author": author, "sent_at": "2026-11-20T09:30:00Z", "text": text}


def opened_matter(title: str, text: str) -> dict[str, Any]:
    """A matter that was just raised."""
    return {
        "matter_id": "mat-2",
        "number": "2026/00017",
        "title": title,
        "matter_type_id": "general",
        "lease_id": "L-1",
        "status": "open",
        "opened_at": "2026-11-23T13:05:00Z",
        "last_message_at": "2026-11-23T13:05:00Z",
        "messages": [message("tenant", text)],
    }


def matters() -> dict[str, dict[str, Any]]:
    """The matters there are at the beginning."""
    first = opened_matter("Cieknący kran w kuchni", "Dzień dobry,\nkran w kuchni cieknie od wczoraj.")
    first |= {"matter_id": "mat-1", "number": "2026/00016", "opened_at": "2026-11-19T08:00:00Z"}
    first |= {"status": "answered", "unread": True}
    first["messages"].append(message("staff", "Dzień dobry,\nkonserwator przyjdzie w piątek między 8 a 12."))
    return {"mat-1": first}
