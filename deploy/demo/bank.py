"""Bank statements of the demo company: one in each way of writing that its payments service reads.

Tenants pay by transfer to the account of their lease; some transfers say nothing by which a lease is found; Autopay
pays out what it collected. Written here from the banks' own files, not with the code that reads them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from xml.sax.saxutils import escape

from deploy.demo import days, names, numbers
from deploy.demo.leases import Lease

SORT_CODE: Final = numbers.sort_code("1990000")  # the invented bank of the leases' accounts
OPENING_GROSZE: Final = 1_250_000_00
NUMBER: Final = 211  # of the statement in its year
_LINE: Final = 65
_PIECE: Final = 27
_EMPTY: Final = "\u02d9"  # byte 255 in cp1250 and ISO-8859-2
_NO_BREAK: Final = "\u00a0"  # the same byte in cp852
_CAMT: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry of a statement; negative amounts left the account. `virtual`: the account of a lease it was paid to."""

    amount_grosze: int
    name: str
    title: str
    sender: str
    virtual: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement: one of the company's accounts (its last digit tells which), a booking day, its entries."""

    bank: int
    day: date
    movements: Sequence[Movement]

    @property
    def account(self) -> str:
        """The company's account, 26 digits."""
        return numbers.nrb(SORT_CODE, "0001", self.bank)

    @property
    def closing_grosze(self) -> int:
        """What is left at the end of the day."""
        return OPENING_GROSZE + sum(each.amount_grosze for each in self.movements)

    def reference(self, place: int) -> str:
        """The bank's own number of an entry."""
        return f"{self.bank}{self.day:%y%m%d}{place:08}"


def booking_day(today: date) -> date:
    """The working day before today."""
    day = today - timedelta(days=1)
    while days.working_day(day) != day:
        day -= timedelta(days=1)
    return day


def sender_account(serial: int) -> str:
    """The account of somebody who pays, at the same invented bank."""
    return numbers.nrb(SORT_CODE, "8800", serial)


def transfer(lease: Lease, month: date, *, told: bool) -> Movement:
    """A tenant pays a month to the account of the lease; where the bank does not tell it, it stands in the title."""
    payer = lease.parties[0]
    amount = sum(line.amount_grosze for line in lease.charge_lines(month))
    title = f"Czynsz {month:%m.%Y} umowa {lease.number}" + ("" if told else f" na rachunek {lease.bank_account}")
    name = f"{payer.given_name} {payer.family_name} {lease.premises.house.address}".upper()
    return Movement(amount, name, title, sender_account(lease.index + 1), lease.bank_account if told else "")


def unclear(lease: Lease, month: date) -> tuple[Movement, ...]:
    """Transfers that name no lease: an operator must find out whose they are."""
    payer = lease.parties[0]
    wrong = lease.bank_account[:-1] + str((int(lease.bank_account[-1]) + 1) % 10)
    other = numbers.nrb(SORT_CODE, "4711", 999_999_999_990)
    return (
        Movement(
            87_340, f"{payer.given_name} {payer.family_name}".upper(), f"czynsz {month:%m/%Y}", sender_account(901)
        ),
        Movement(64_215, f"WSPÓŁNOTA {names.TOWN}".upper(), f"rachunek {wrong} pomyłka w cyfrze", sender_account(902)),
        Movement(120_000, "ŻANETA ŚWIĘCH", "za mieszkanie mamy", sender_account(903), other),
    )


def outgoing() -> Movement:
    """The company pays a bill."""
    return Movement(-321_099, "WODOCIĄGI SP. Z O.O.", "FV 1187/10", sender_account(910))


def payout(day: date, collected_grosze: int, fee_grosze: int) -> Movement:
    """Autopay pays out what it collected on a day, less its fee."""
    title = f"Rozliczenie transakcji z dnia {day}"
    return Movement(collected_grosze - fee_grosze, "AUTOPAY S.A. SOPOT", title, sender_account(920))


def mbank(sheet: Sheet) -> bytes:
    """Free text with labels, cut at 65 characters, in cp1250; the payer's id is told by the bank."""

    def details(each: Movement) -> list[str]:
        payer = f" ID IPH: XX{each.virtual[-12:]};" if each.virtual else ""
        text = (
            f"911 TRANSAKCJA COLLECT;{payer} Z RACH.: {each.sender} OD: {each.name} TYT.: {each.title} "
            f"DATA STEMPLA: {sheet.day:%d.%m.%Y}; TNR: 1{sheet.day:%d%m%Y}.010001"
        )
        return list(_cut(text, _LINE))

    return _mt940(sheet, details).encode("cp1250")


def pko(sheet: Sheet) -> bytes:
    """Subfields behind a tilde, in ISO-8859-2; the account paid to stands in the title."""
    return _mt940(sheet, lambda each: ["020~00PRZELEW", *_subfields(sheet, each, "~", "")]).encode("iso-8859-2")


def bph(sheet: Sheet) -> bytes:
    """Subfields behind a less-than sign, in cp852; the account paid to in one of its own."""
    text = _mt940(sheet, lambda each: ["020<00PRZELEW", *_subfields(sheet, each, "<", each.virtual)])
    return text.replace(_EMPTY, _NO_BREAK).encode("cp852")


def _subfields(sheet: Sheet, each: Movement, mark: str, paid_to: str) -> Iterator[str]:
    title = [*_cut(each.title, _PIECE), *[_EMPTY] * 6][:6]
    yield from (f"{mark}{20 + place}{piece}" for place, piece in enumerate(title))
    if paid_to:
        yield f"{mark}26{paid_to}"
    yield from (f"{mark}30{each.sender[2:10]}", f"{mark}31{each.sender[10:]}")
    yield from (f"{mark}{32 + place}{piece}" for place, piece in enumerate([*_cut(each.name, _PIECE)][:2]))
    yield f"{mark}38PL{each.sender}"
    yield f"{mark}60{sheet.day:%Y%m%d}"


def _mt940(sheet: Sheet, details: Callable[[Movement], Iterable[str]]) -> str:
    day = f"{sheet.day:%y%m%d}"
    rows = [f":20:ST{day}", f":25:PL{sheet.account}", f":28C:{NUMBER}/1", f":60F:C{day}PLN{_zl(OPENING_GROSZE)}"]
    for place, each in enumerate(sheet.movements, start=1):
        side = "C" if each.amount_grosze > 0 else "D"
        rows.append(f":61:{day}{day[2:]}{side}N{_zl(each.amount_grosze)}N911NONREF//{sheet.reference(place)}")
        first, *others = details(each)
        rows += [f":86:{first}", *others]
    return "\r\n".join([*rows, f":62F:C{day}PLN{_zl(sheet.closing_grosze)}", "-", ""])


def camt(sheet: Sheet, version: str) -> bytes:
    """camt.053.001.02 or .08; the account paid to in CdtrAcct."""
    balances = _balance("OPBD", OPENING_GROSZE, sheet.day) + _balance("CLBD", sheet.closing_grosze, sheet.day)
    entries = "".join(_entry(sheet, place, each, version) for place, each in enumerate(sheet.movements, start=1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_CAMT}{version}"><BkToCstmrStmt>\n<GrpHdr><MsgId>'
        f"ST{sheet.day:%y%m%d}</MsgId><CreDtTm>{sheet.day}T20:00:00</CreDtTm></GrpHdr>\n<Stmt><Id>{NUMBER}</Id>"
        f"<LglSeqNb>{NUMBER}</LglSeqNb><CreDtTm>{sheet.day}T20:00:00</CreDtTm><Acct><Id><IBAN>PL{sheet.account}</IBAN>"
        f"</Id></Acct>\n{balances}{entries}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _balance(code: str, grosze: int, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">{_zl(grosze, ".")}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _entry(sheet: Sheet, place: int, each: Movement, version: str) -> str:
    status = "<Sts>BOOK</Sts>" if version == "02" else "<Sts><Cd>BOOK</Cd></Sts>"
    name = f"<Nm>{escape(each.name)}</Nm>"
    party = name if version == "02" else f"<Pty>{name}</Pty>"
    to = f"<CdtrAcct><Id><IBAN>PL{each.virtual}</IBAN></Id></CdtrAcct>" if each.virtual else ""
    side = "CRDT" if each.amount_grosze > 0 else "DBIT"
    return (
        f'<Ntry><Amt Ccy="PLN">{_zl(each.amount_grosze, ".")}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>{sheet.day}</Dt></BookgDt><AcctSvcrRef>{sheet.reference(place)}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<RltdPties><Dbtr>{party}</Dbtr><DbtrAcct><Id><IBAN>PL{each.sender}</IBAN></Id></DbtrAcct>{to}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(each.title)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def _cut(text: str, width: int) -> Iterator[str]:
    return (text[at : at + width] for at in range(0, len(text), width))


def _zl(grosze: int, point: str = ",") -> str:
    return f"{abs(grosze) // 100}{point}{abs(grosze) % 100:02}"
