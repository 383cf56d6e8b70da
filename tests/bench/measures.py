"""Every measure, in the order in which they run. A new one is a line here."""

from tests.bench import (
    p01_rebuild,
    p02_live,
    p03_visible,
    p04_payment_start,
    p05_gateway,
    p06_reading,
    p08_charge_run,
    p09_relay,
    p11_start_page,
    p12_proofs,
)
from tests.bench.workshop import Measure

MEASURES: tuple[Measure, ...] = (
    p01_rebuild.MEASURE,
    p02_live.MEASURE,
    p03_visible.MEASURE,
    p04_payment_start.MEASURE,
    p05_gateway.MEASURE,
    p06_reading.MEASURE,
    p08_charge_run.MEASURE,
    p09_relay.MEASURE,
    p11_start_page.MEASURE,
    p12_proofs.MEASURE,
)


def chosen(only: frozenset[str]) -> tuple[Measure, ...]:
    """The measures of these numbers (`P4`), all of them when none is named.

    Raises:
        ValueError: a number that no measure has.
    """
    known = {numbers_of(measure): measure for measure in MEASURES}
    strange = only - frozenset().union(*known)
    if strange:
        raise ValueError(f"no figure is called {', '.join(sorted(strange))}")
    return tuple(measure for numbers, measure in known.items() if not only or numbers & only)


def numbers_of(measure: Measure) -> frozenset[str]:
    """The numbers a measure answers to: the first word of each bar's."""
    return frozenset(bar.number.split()[0] for bar in measure.bars)
