"""The drills, each by the operator's commands of docs/operations.md."""

import json
from collections.abc import Callable, Mapping

from tests.drills.stage import STORING, Stage

PAYMENTS = 8  # before and after each loss: enough for several streams' versions


def ledger_lost(stage: Stage) -> None:
    """The ledger's database is lost; its own events and the book come back from Kafka."""
    before = _some_traffic(stage)
    with stage.step("the ledger's database is lost, while tenants go on paying"), stage.traffic.keeps_going():
        stage.local("stop", "ledger")
        stage.lose_database("ledger")
        stage.operator("ledger", "migrate")
        stage.local("start", "ledger")
        stage.operator("ledger", "restore-from-kafka")
    _prove(stage, before)


def kafka_lost(stage: Stage) -> None:
    """Kafka is lost with all it held; every service publishes its own events again."""
    before = _some_traffic(stage)
    with stage.step("Kafka is lost: every topic is empty, under another id"):
        stage.lose_kafka()
    with stage.step("everybody publishes again, and the book is made anew"):
        for service in STORING:
            stage.operator(service, "republish")
        stage.published()
        rebuilt = stage.figures("ledger", "rebuild")
        stage.check(rebuilt["same_hash"] and rebuilt["lacking"] == {}, f"same state hash: {rebuilt['hash']}")
        stage.check(rebuilt["hash"] == before["hash"], "it is the hash of before the loss")
        for service in ("identity", "payments"):
            stage.operator(service, "read-again")
    _prove(stage, None)


def both_lost(stage: Stage) -> None:
    """Every database and Kafka are lost; a backup comes back, and what it lacks is told, not made up."""
    before = _some_traffic(stage)
    with stage.step("a backup of every database, the ledger's first"):
        for service in STORING:
            stage.backup(service)
    with stage.step("more is paid, which no backup holds; then everything is lost"):
        after_backup = stage.traffic.pay(PAYMENTS)
        stage.local("stop", *STORING)
        stage.lose_database(*STORING)
        stage.lose_kafka()
    with stage.step("the backup comes back, everybody publishes again, and the book is made anew"):
        for service in STORING:
            stage.restore(service)
        stage.local("start", *STORING)
        for service in STORING:
            stage.operator(service, "republish")
        stage.published()
        rebuilt = stage.figures("ledger", "rebuild")
        stage.check(rebuilt["lacking"] == {}, f"nothing of the restored book is missing: {rebuilt['entries']} entries")
        stage.check(rebuilt["hash"] == before["hash"], "same state hash as at the backup")
        for service in ("identity", "payments"):
            stage.operator(service, "read-again")
    stage.say(f"    {len(after_backup)} payments acknowledged after the backup are gone: Autopay's list has them")
    for payment_id in after_backup:
        del stage.traffic.confirmed[payment_id]
    _prove(stage, None)


def restore(stage: Stage) -> None:
    """One service's database is restored to an earlier time; what Kafka has ahead of it is found and brought back."""
    _some_traffic(stage)
    with stage.step("a backup of payments; then more is paid"):
        stage.backup("payments")
        stage.traffic.pay(PAYMENTS)
        stage.settled()
        before = stage.figures("ledger", "state-hash")
        on_kafka = _by_id(stage, "iok.payments")
    with stage.step("the backup is restored: the database of payments lacks what others have read"):
        stage.local("stop", "payments")
        stage.lose_database("payments")
        stage.restore("payments")
        stage.local("start", "payments")
    refused = stage.traffic.refusal()
    stage.check(refused.status_code == 503, f"a new payment is refused: {refused.status_code} {refused.text[:160]}")
    with stage.step("the missing events come back from Kafka"):
        stage.say("    " + stage.operator("payments", "restore-from-kafka").strip())
    stage.settled()
    stage.check(_by_id(stage, "iok.payments") == on_kafka, f"nothing was written over: {len(on_kafka)} events")
    _prove(stage, before)
    _one_event_for_each_version(stage)


DRILLS: Mapping[str, Callable[[Stage], None]] = {
    "ledger-lost": ledger_lost,
    "kafka-lost": kafka_lost,
    "both-lost": both_lost,
    "restore": restore,
}


def _some_traffic(stage: Stage) -> dict[str, object]:
    """Pay, let it settle, seal; returns the state of the book."""
    with stage.step(f"{PAYMENTS} payments are started and confirmed"):
        stage.traffic.pay(PAYMENTS)
        stage.settled()
        stage.figures("ledger", "seal")
        stage.settled()
        before = stage.figures("ledger", "state-hash")
        stage.say(f"    state hash {before['hash']}, {before['entries']} entries of {before['leases']} leases")
    return before


def _prove(stage: Stage, before: dict[str, object] | None) -> None:
    """The book is the same, proven by itself, everything acknowledged is readable, and life goes on."""
    with stage.step("proof"):
        stage.settled()
        if before is not None:
            now = stage.figures("ledger", "state-hash", "--at", json.dumps(before["offsets"]))
            stage.check(now["hash"] == before["hash"], f"same state hash at the offsets of before: {now['hash']}")
        owed = stage.traffic.balance_grosze()
        stage.traffic.pay(1)
        stage.settled()
        stage.check(stage.traffic.balance_grosze() == owed - 100, "a new payment is taken and lowers the balance")
        stage.check(
            not stage.traffic.unreadable(),
            f"all {len(stage.traffic.confirmed)} acknowledged payments are there",
        )
        stage.figures("ledger", "seal")
        stage.settled()
        verified = stage.figures("ledger", "verify")
        read = f"{verified['entries']} entries, {verified['read_again']} records read again"
        stage.check(verified["faults"] == [], f"the book is proven: {read}")


def _by_id(stage: Stage, topic: str) -> dict[str, dict[str, object]]:
    return {event["id"]: event for event in stage.records(topic)}


def _one_event_for_each_version(stage: Stage) -> None:
    given: dict[tuple[str, int], set[str]] = {}
    for event in stage.records("iok.payments"):
        given.setdefault((event["subject"], event["streamversion"]), set()).add(event["id"])
    twice = [at for at, ids in given.items() if len(ids) > 1]
    for at in twice:
        stage.say(f"    version {at} was given away twice")
    stage.check(given and not twice, f"each of {len(given)} versions of a stream belongs to one event")
