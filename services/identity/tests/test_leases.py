"""Who may see a lease, as its events tell it in whatever order they come."""

from datetime import date

from libs.events.ledger import LeaseChanged, LeaseEnded, LeaseSigned
from services.identity.domain.leases import Event, Lease, belongs_to, evolve
from services.identity.tests.leases import changed, signed


def heard(*events: tuple[Event, int | None], source: str = "erp", lease: Lease | None = None) -> Lease:
    known = lease or Lease("L-1")
    for event, version in events:
        known = evolve(known, event, source, version)
    return known


def test_the_parties_of_a_signed_lease_may_see_it() -> None:
    lease = heard((signed(tenant="P-1", co_tenant="P-2"), 1))

    assert lease.signed
    assert lease.parties == {"P-1": "tenant", "P-2": "co_tenant"}


def test_a_party_that_a_change_leaves_out_is_removed() -> None:
    assert heard((signed(tenant="P-1", co_tenant="P-2"), 1), (changed(tenant="P-1"), 2)).parties == {"P-1": "tenant"}


def test_an_ended_lease_keeps_its_parties() -> None:
    lease = heard((signed(tenant="P-1"), 1), (LeaseEnded(ended_on=date(2026, 10, 31)), 2))

    assert lease.parties == {"P-1": "tenant"}
    assert lease.ended_on == date(2026, 10, 31)


def test_a_state_that_comes_late_is_no_news() -> None:
    late = heard((signed(tenant="P-1"), 1), (changed(tenant="P-3"), 3), (changed(tenant="P-2"), 2))

    assert late.parties == {"P-3": "tenant"}


def test_a_signing_that_comes_after_a_change_does_not_undo_it() -> None:
    counted = heard((changed(tenant="P-2"), 2), (signed(tenant="P-1"), 1))
    uncounted = heard((changed(tenant="P-2"), None), (signed(tenant="P-1"), None))

    assert counted.parties == uncounted.parties == {"P-2": "tenant"}
    assert counted.signed
    assert uncounted.signed


def test_nobody_has_signed_a_lease_that_was_only_changed() -> None:
    assert not heard((changed(tenant="P-1"), 2)).signed


def test_a_lease_belongs_to_who_signed_it_first() -> None:
    lease = heard((signed(tenant="P-1"), 1))

    assert belongs_to(lease, "erp")
    assert not belongs_to(lease, "iok/ledger")


def test_who_only_changed_a_lease_does_not_own_it() -> None:
    unsigned = heard((changed(tenant="P-9"), None), source="other")

    assert belongs_to(unsigned, "erp")
    assert heard((signed(tenant="P-1"), 1), lease=unsigned).parties == {"P-1": "tenant"}


def test_the_events_of_a_lease_are_those_that_its_topic_lists() -> None:
    assert set(Event.__args__) == {LeaseSigned, LeaseChanged, LeaseEnded}
