"""The oracle: what was acknowledged, held against what is found. It shares no code with services or libs.

Every judgment gives the sentences of what is wrong; none is good. What was sent and never acknowledged may be there or
not, but once at most.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.faults.history import Entry, Found, History, LogRecord

OURS = "iok/"
OPENED = "iok.PaymentInitiated."


def lost(history: History, found: Found) -> Iterator[str]:
    """R1: whatever was acknowledged and is not there."""
    yield from _lost_payments(history, found)
    yield from _lost_bookings(history, found)
    written = _names(found, "iok.MessageSent.", "iok.MatterOpened.")
    for key, message_id in history.letters.items():
        if message_id is not None and message_id not in found.letters:
            yield f"letter {message_id} (key {key}) was acknowledged and is not there"
        if message_id is not None and message_id not in written:
            yield f"letter {message_id} (key {key}) was acknowledged and is not on Kafka"


def _lost_payments(history: History, found: Found) -> Iterator[str]:
    begun, confirmed = _names(found, OPENED), _names(found, "iok.PaymentConfirmed.")
    for key, start in history.starts.items():
        if start.contradicted:
            yield f"key {key} was answered with payment {start.payment_id}, then with {start.contradicted}"
        if start.payment_id and start.payment_id not in found.payments:
            yield f"payment {start.payment_id} was acknowledged and is not known"
        if start.payment_id and start.payment_id not in begun:
            yield f"payment {start.payment_id} was acknowledged and is not on Kafka"
    for remote_id, notice in history.notices.items():
        if notice.confirmed and remote_id not in confirmed:
            yield f"notification {remote_id} was CONFIRMED and is not on Kafka"


def _lost_bookings(history: History, found: Found) -> Iterator[str]:
    booked = {entry.booked_id for entry in found.entries if entry.book == found.live_book}
    for remote_id, notice in history.notices.items():
        if notice.confirmed and remote_id not in booked:
            yield f"notification {remote_id} was CONFIRMED and is not booked"
    for event_id, issued in history.issued.items():
        if issued.acknowledged and event_id not in booked:
            yield f"charge {event_id} was taken by Kafka and is not booked"


def _names(found: Found, *kinds: str) -> set[str]:
    """The ids that events of these kinds carry on Kafka."""
    return {name for record in found.log if record.type.startswith(kinds) for name in record.names}


def doubled(history: History, found: Found) -> Iterator[str]:
    """R2: an effect twice, or one that nobody asked for."""
    amounts = _amounts(history)
    for (book, booked_id), times in Counter((entry.book, entry.booked_id) for entry in found.entries).items():
        if times > 1:
            yield f"book {book}: {booked_id} is booked {times} times"
    for entry in found.entries:
        wanted = amounts.get(entry.booked_id)
        if wanted is None:
            yield f"{entry.booked_id} on {entry.lease_id} is booked and nobody sent it"
        elif wanted != (entry.lease_id, entry.amount_grosze):
            yield f"{entry.booked_id} is booked as {entry.lease_id}, {entry.amount_grosze}; it was {wanted}"
    yield from _unasked_payments(history, found)


def _amounts(history: History) -> dict[str, tuple[str, int]]:
    """What may be booked: its name -> (lease, signed grosze)."""
    charged = {event_id: (issued.lease_id, issued.amount_grosze) for event_id, issued in history.issued.items()}
    paid = {remote: (notice.lease_id, -notice.amount_grosze) for remote, notice in history.notices.items()}
    return charged | paid


def _unasked_payments(history: History, found: Found) -> Iterator[str]:
    """More payments begun on a lease than keys were used for it: a key had its effect twice."""
    keys = Counter(start.lease_id for start in history.starts.values())
    begun: dict[str, set[str]] = defaultdict(set)
    for record in found.log:
        if record.type.startswith(OPENED):
            begun[record.subject].update(record.names)
    for lease_id, asked in keys.items():
        if len(begun[lease_id]) > asked:
            yield f"{lease_id}: {len(begun[lease_id])} payments were begun under {asked} keys"


def wrong_reads(history: History, found: Found) -> Iterator[str]:
    """R3: a read that is not the sum of the entries up to the version it names, or that fell back."""
    sums = _sums(found.entries)
    before: dict[tuple[int, str], tuple[int, int]] = {}
    for read in history.reads:
        running = [0, *sums.get((read.book, read.lease_id), [])]
        wanted = running[read.version] if read.version < len(running) else None
        if wanted != read.balance_grosze:
            place = f"{read.lease_id}, book {read.book}, version {read.version}"
            yield f"{place}: the read says {read.balance_grosze}, the entries {wanted}"
        at = (read.reader, read.lease_id)
        if (read.book, read.version) < before.get(at, (0, 0)):
            yield f"{read.lease_id}: fell back from {before[at]} to {(read.book, read.version)}"
        before[at] = (read.book, read.version)


def wrong_balances(history: History, found: Found) -> Iterator[str]:
    """R3 at the end: the balance is what was acknowledged, and of the rest what reached the book."""
    booked = {entry.booked_id for entry in found.entries if entry.book == found.live_book}
    wanted: Counter[str] = Counter()
    for event_id, issued in history.issued.items():
        if issued.acknowledged or event_id in booked:
            wanted[issued.lease_id] += issued.amount_grosze
    for remote_id, notice in history.notices.items():
        if notice.confirmed or remote_id in booked:
            wanted[notice.lease_id] -= notice.amount_grosze
    for lease_id, balance_grosze in found.balances.items():
        if balance_grosze != wanted[lease_id]:
            yield f"{lease_id}: the balance is {balance_grosze}, what was acknowledged makes {wanted[lease_id]}"


def _sums(entries: list[Entry]) -> dict[tuple[int, str], list[int]]:
    """(book, lease) -> the balance after version 1, 2, 3 …; it ends where a version is missing."""
    by_lease: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for entry in entries:
        by_lease[entry.book, entry.lease_id][entry.version] = entry.amount_grosze
    sums: dict[tuple[int, str], list[int]] = {}
    for at, amounts in by_lease.items():
        total, running = 0, []
        for version in range(1, len(amounts) + 1):
            if version not in amounts:
                break
            total += amounts[version]
            running.append(total)
        sums[at] = running
    return sums


def out_of_order(history: History, found: Found) -> Iterator[str]:
    """R4: events of one source and subject whose first appearance in a partition is not in their order."""
    refused = history.bad | found.set_aside
    taken = [record for record in found.log if (record.topic, record.partition, record.offset) not in refused]
    yield from _versions_out_of_order(taken)
    numbers = {event_id: issued.number for event_id, issued in history.issued.items() if issued.acknowledged}
    for at, entries in _by_partition(found.entries).items():
        placed = sorted(entries, key=lambda entry: entry.offset)
        if [entry.version for entry in placed] != sorted(entry.version for entry in placed):
            yield f"book {at[0]}, {at[1]}: versions do not follow the offsets of {at[2]}/{at[3]}"
        issued = [numbers[entry.booked_id] for entry in placed if entry.booked_id in numbers]
        if at[0] == found.live_book and issued != sorted(issued):
            yield f"{at[1]}: charges are not booked in the order in which they were acknowledged"


def _versions_out_of_order(log: list[LogRecord]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    last: dict[tuple[str, int, str, str], int] = {}
    for record in sorted(log, key=lambda each: (each.topic, each.partition, each.offset)):
        if record.streamversion is None or not record.source.startswith(OURS) or (record.topic, record.id) in seen:
            continue
        seen.add((record.topic, record.id))
        at = (record.topic, record.partition, record.source, record.subject)
        if record.streamversion <= last.get(at, 0):
            yield f"{at}: version {record.streamversion} first appears after {last[at]}"
        last[at] = max(record.streamversion, last.get(at, 0))


def _by_partition(entries: list[Entry]) -> dict[tuple[int, str, str, int, str], list[Entry]]:
    grouped: dict[tuple[int, str, str, int, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        grouped[entry.book, entry.lease_id, entry.topic, entry.partition, entry.source].append(entry)
    return grouped


def wrongly_set_aside(history: History, found: Found) -> Iterator[str]:
    """R9: a bad record that nobody set aside, or a good one that somebody did."""
    for place in sorted(history.bad - found.set_aside):
        yield f"the bad record {place} was not set aside"
    good = {(entry.topic, entry.partition, entry.offset) for entry in found.entries if entry.book == found.live_book}
    for place in sorted(found.set_aside & good):
        yield f"the record {place} is booked and set aside"
