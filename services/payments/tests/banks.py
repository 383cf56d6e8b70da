"""Bank statements as banks write them, for tests: of invented accounts and people, in the shape of real files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from services.payments.domain.accounts import with_check_digits
from services.payments.domain.bank_profiles import Profiles, Reading, read_profiles
from services.payments.domain.statement import Movement

DAY = date(2026, 3, 2)
SENDER = with_check_digits("10205558" + "1111000022223333")
MBANK_ACCOUNT = with_check_digits("11401010" + "0000470000001001")
PKO_ACCOUNT = with_check_digits("10201026" + "0000470000002002")
BPH_ACCOUNT = with_check_digits("10600076" + "0000470000003003")
WIDTH, PIECE = 65, 27

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."


def virtual(payer: int) -> str:
    """The virtual account of a payer: the bank's sort code, the client's four digits, the payer's twelve."""
    return with_check_digits(f"114010104711{payer:012}")


@dataclass(frozen=True)
class Line:
    """An entry to be written. Money in grosze."""

    amount_grosze: int
    title: str = "czynsz za marzec"
    name: str = "ŁUCJA ŻÓŁĆ UL. KRÓTKA 5 50-001 WROCŁAW"
    payer: int | None = None
    to_account: str = ""
    reference: str = "NONREF"
    movement: Movement = Movement.CREDIT
    from_account: str = SENDER


@cache
def profiles() -> Profiles:
    return read_profiles((Path(__file__).parents[1] / "bank_profiles.toml").read_text(encoding="utf-8"))


def reading(chosen: str | None = None) -> Reading:
    return Reading(profiles(), {}, chosen)


@dataclass(frozen=True)
class Sheet:
    """What a statement says beside its entries; `close`: a closing balance that is not the sum."""

    number: str = "12/1"
    opening: int = 100_000
    day: date = DAY
    close: int | None = None
    ending: str = "\r\n"


def money(grosze: int, point: str = ",") -> str:
    return f"{abs(grosze) // 100}{point}{abs(grosze) % 100:02}"


def wrapped(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


def mbank(lines: Sequence[Line], **more: Any) -> bytes:
    """mBank: free text with labels, cut wherever the line is full, in cp1250."""

    def details(line: Line) -> list[str]:
        payer = "" if line.payer is None else f" ID IPH: XX{line.payer:012};"
        text = (
            f"911 TRANSAKCJA COLLECT;{payer} Z RACH.: {line.from_account} OD: {line.name} TYT.: {line.title} "
            f"DATA STEMPLA: {DAY:%d.%m.%Y}; TNR: 123456789.010001"
        )
        return wrapped(text, WIDTH)

    return mt940(MBANK_ACCOUNT, lines, details, Sheet(**more)).encode("cp1250")


def subfields(line: Line, mark: str, account_field: str) -> list[str]:
    """Subfields of 27 characters; the sender's account in two parts without its check digits."""
    title = (wrapped(line.title, PIECE) + ["\u02d9"] * 6)[:6]
    rows = [f"{mark}{20 + at}{piece}" for at, piece in enumerate(title)]
    rows += [f"{mark}30{line.from_account[2:10]}", f"{mark}31{line.from_account[10:]}"]
    rows += [f"{mark}{32 + at}{piece}" for at, piece in enumerate(wrapped(line.name, PIECE)[:2])]
    rows += [f"{mark}{account_field}PL{line.to_account or line.from_account}", f"{mark}60{DAY:%Y%m%d}"]
    return rows


def pko(lines: Sequence[Line], **more: Any) -> bytes:
    """PKO (ZBP): subfields behind a tilde, an empty one holds byte 255, in ISO-8859-2."""
    text = mt940(PKO_ACCOUNT, lines, lambda line: ["020~00Przelew", *subfields(line, "~", "38")], Sheet(**more))
    return text.encode("iso-8859-2")


def bph(lines: Sequence[Line], **more: Any) -> bytes:
    """BPH (MultiCash): subfields behind a less-than sign, in cp852."""
    text = mt940(BPH_ACCOUNT, lines, lambda line: ["020<00PRZELEW", *subfields(line, "<", "26")], Sheet(**more))
    return text.replace("\u02d9", "\u00a0").encode("cp852")


def closing(lines: Sequence[Line], opening_grosze: int) -> int:
    return opening_grosze + sum(line.movement.sign * line.amount_grosze for line in lines)


def mt940(account: str, lines: Sequence[Line], details: Callable[[Line], list[str]], sheet: Sheet) -> str:
    """One message."""
    end = closing(lines, sheet.opening) if sheet.close is None else sheet.close
    sign = {True: "C", False: "D"}
    number, opening, day, ending = sheet.number, sheet.opening, sheet.day, sheet.ending
    rows = [":20:ST260302", f":25:PL{account}", f":28C:{number}"]
    rows += [f":60F:{sign[opening >= 0]}{day:%y%m%d}PLN{money(opening)}"]
    for line in lines:
        reference = f"//{line.reference}" if line.reference != "NONREF" else ""
        rows.append(f":61:{day:%y%m%d}{day:%m%d}{line.movement}N{money(line.amount_grosze)}N911NONREF{reference}")
        first, *others = details(line)
        rows += [f":86:{first}", *others]
    rows += [
        f":62F:{sign[end >= 0]}{day:%y%m%d}PLN{money(end)}",
        f":64:{sign[end >= 0]}{day:%y%m%d}PLN{money(end)}",
        "-",
    ]
    return ending.join(rows) + ending


def camt(lines: Sequence[Line], version: str = "02", *, number: str = "12", opening: int = 100_000) -> bytes:
    """camt.053 of one statement; the account paid to stands in CdtrAcct, where the bank tells it."""
    party = "<Dbtr><Nm>{}</Nm></Dbtr>" if version == "02" else "<Dbtr><Pty><Nm>{}</Nm></Pty></Dbtr>"
    status = "<Sts>BOOK</Sts>" if version == "02" else "<Sts><Cd>BOOK</Cd></Sts>"

    def balance(code: str, grosze: int) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='PLN'>{money(grosze, '.')}</Amt>"
            f"<CdtDbtInd>{'CRDT' if grosze >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
        )

    def entry(line: Line) -> str:
        to = f"<CdtrAcct><Id><IBAN>PL{line.to_account}</IBAN></Id></CdtrAcct>" if line.to_account else ""
        reversal = "<RvslInd>true</RvslInd>" if line.movement.value.startswith("R") else ""
        return (
            f"<Ntry><Amt Ccy='PLN'>{money(line.amount_grosze, '.')}</Amt>"
            f"<CdtDbtInd>{'CRDT' if line.movement.sign > 0 else 'DBIT'}</CdtDbtInd>{reversal}{status}"
            f"<BookgDt><Dt>{DAY}</Dt></BookgDt><AcctSvcrRef>{line.reference}</AcctSvcrRef><NtryDtls><TxDtls>"
            f"<RltdPties>{party.format(line.name)}<DbtrAcct><Id><IBAN>PL{line.from_account}</IBAN></Id></DbtrAcct>{to}"
            f"</RltdPties><RmtInf><Ustrd>{line.title}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )

    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<Document xmlns='{CAMT}{version}'><BkToCstmrStmt><Stmt><Id>1</Id>"
        f"<LglSeqNb>{number}</LglSeqNb><Acct><Id><IBAN>PL{MBANK_ACCOUNT}</IBAN></Id></Acct>"
        f"{balance('OPBD', opening)}{balance('CLBD', closing(lines, opening))}"
        f"{chr(10).join(entry(line) for line in lines)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
