"""Announcing balances: BalanceChanged into the outbox, in the transaction that changed them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from libs.chassis.outbox import Message, enqueue
from libs.chassis.postgres import Connection
from libs.events.envelope import Envelope, encode
from libs.events.ledger import BalanceChanged, NextDue, TopicOffsets
from services.ledger.domain import Account, Figures, warsaw_day
from services.ledger.read_models import balance, books

SOURCE = "iok/ledger"
ANNOUNCED_AT_ONCE = 1_000  # leases whose entries are held in memory together


@dataclass(frozen=True, slots=True)
class _Moment:
    """What all announcements of one transaction share."""

    book: int
    offsets: dict[str, TopicOffsets]
    now: datetime
    today: date


class Announcer:
    """Tells the readers of `iok.balances` the figures of leases; `clock` and `new_id` make envelopes and the day."""

    def __init__(self, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        """Keep what makes envelopes."""
        self._clock = clock
        self._new_id = new_id

    async def announce(self, tx: Connection, book: int, accounts: Mapping[str, Account]) -> None:
        """Queue one BalanceChanged for each of the accounts (lease id -> account) as it stands in this transaction."""
        if not accounts:
            return
        # The offsets are read before the entries, so that the figures hold at least what the offsets promise.
        offsets = {topic: TopicOffsets(**each) for topic, each in (await books.offsets(tx, book)).items()}
        now = self._clock()
        moment = _Moment(book, offsets, now, warsaw_day(now))
        leases = sorted(accounts)
        for start in range(0, len(leases), ANNOUNCED_AT_ONCE):
            chunk = leases[start : start + ANNOUNCED_AT_ONCE]
            figures = await balance.figures(tx, book, chunk, moment.today)
            await enqueue(tx, [self._message(moment, lease, accounts[lease], figures[lease]) for lease in chunk])

    def _message(self, moment: _Moment, lease_id: str, account: Account, figures: Figures) -> Message:
        due = figures.next_due
        event = BalanceChanged(
            book=moment.book,
            version=account.version,
            as_of=moment.today,
            balance_grosze=figures.balance_grosze,
            due_today_grosze=figures.due_today_grosze,
            not_yet_due_grosze=figures.not_yet_due_grosze,
            overpaid_grosze=figures.overpaid_grosze,
            next_due=None if due is None else NextDue(due_on=due.due_on, amount_grosze=due.amount_grosze),
            offsets=moment.offsets,
        )
        envelope = Envelope.carrying(event, event_id=self._new_id(), source=SOURCE, at=moment.now, subject=lease_id)
        return Message(event.topic, lease_id, encode(envelope))
