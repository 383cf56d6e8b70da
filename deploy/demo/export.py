"""The company's export as its ERP would write it: four JSON Lines files and, last of all, meta.json.

The same seed and today give the same bytes. Leases are made one after another: memory does not
grow with their number.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import date
from io import BufferedWriter
from pathlib import Path
from typing import Final

from deploy.demo.charges import documents
from deploy.demo.leases import OTHER_TENANT_INDEX, TENANT_INDEX, Lease, lease, new_parties
from deploy.demo.payments import payments

FILES: Final = ("people", "leases", "charges", "payments")
DEFAULT_LEASES: Final = 500
DEFAULT_SEED: Final = 20_230_201
FEWEST_LEASES: Final = 2  # the demo signs in to two
MOST_LEASES: Final = 10_000_000  # beyond, PESEL would repeat
EARLIEST_TODAY: Final = date(2025, 1, 1)  # the youngest invented people have signed their leases by then
_PROGRESS_EVERY: Final = 1_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to generate."""

    leases: int
    seed: int
    today: date

    def __post_init__(self) -> None:
        """Refuse what the generator cannot make sensibly, with a ValueError that names the bound."""
        if not FEWEST_LEASES <= self.leases <= MOST_LEASES:
            raise ValueError(f"the number of leases must be {FEWEST_LEASES} to {MOST_LEASES}, not {self.leases}")
        if self.today < EARLIEST_TODAY:
            raise ValueError(f"today must be {EARLIEST_TODAY} or later, not {self.today}")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whom the demo signs in as, and the lease to look at."""

    person_id: str
    login: str
    lease_id: str


@dataclass(frozen=True, slots=True)
class Meta:
    """What meta.json tells: the order, lines and SHA-256 of each file, and whom the demo signs in as."""

    leases: int
    seed: int
    today: str
    lines: dict[str, int]
    sha256: dict[str, str]
    tenant: SignIn
    other_tenant: SignIn

    def fits(self, order: Order) -> bool:
        """Tell whether this export is the one ordered."""
        return (self.leases, self.seed, self.today) == (order.leases, order.seed, order.today.isoformat())


@dataclass(slots=True)
class _File:
    """A file being written: hashed and counted as it goes."""

    handle: BufferedWriter
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    lines: int = 0

    def write(self, rows: Iterable[object]) -> None:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            self.handle.write(line)
            self.digest.update(line)
            self.lines += 1


def generate(order: Order, folder: Path, progress: Progress = lambda _done, _of: None) -> Meta:
    """Write the export into `folder`; files appear complete or not at all, meta.json after all others."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)
    signed: list[Lease] = []
    with ExitStack() as open_files:
        files = {name: _File(open_files.enter_context(_part(folder, name).open("wb"))) for name in FILES}
        for index in range(order.leases):
            made = lease(index, order.seed, order.today)
            _write_lease(files, made, order)
            if index in (TENANT_INDEX, OTHER_TENANT_INDEX):
                signed.append(made)
            if (index + 1) % _PROGRESS_EVERY == 0:
                progress(index + 1, order.leases)
    for name in FILES:
        _part(folder, name).replace(folder / f"{name}.jsonl")
    meta = _meta(order, files, signed)
    part = folder / "meta.json.part"
    part.write_text(json.dumps(asdict(meta), indent=2) + "\n")
    part.replace(folder / "meta.json")
    return meta


def read_meta(folder: Path) -> Meta | None:
    """Read meta.json of a finished export, or give None where there is none (or one of another shape)."""
    try:
        raw = json.loads((folder / "meta.json").read_text())
        people = {name: SignIn(**raw[name]) for name in ("tenant", "other_tenant")}
        return Meta(**{**raw, **people})
    except (FileNotFoundError, TypeError, KeyError, ValueError):
        return None


def _write_lease(files: dict[str, _File], made: Lease, order: Order) -> None:
    papers = list(documents(made, order.seed, order.today))
    rows: dict[str, Iterator[object]] = {
        "people": (person.line() for person in new_parties(made)),
        "leases": iter([made.data(order.today)]),
        "charges": (paper.data() for paper in papers),
        "payments": (payment.data() for payment in payments(made, papers, order.seed, order.today)),
    }
    for name, each in rows.items():
        files[name].write(each)


def _meta(order: Order, files: dict[str, _File], signed: list[Lease]) -> Meta:
    tenant, other = (SignIn(made.parties[0].person_id, made.parties[0].login, made.lease_id) for made in signed)
    return Meta(
        leases=order.leases,
        seed=order.seed,
        today=order.today.isoformat(),
        lines={name: file.lines for name, file in files.items()},
        sha256={name: file.digest.hexdigest() for name, file in files.items()},
        tenant=tenant,
        other_tenant=other,
    )


def _part(folder: Path, name: str) -> Path:
    return folder / f"{name}.jsonl.part"
