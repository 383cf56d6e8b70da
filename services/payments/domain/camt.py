"""Statements in camt.053.001.02 and .08 (ISO 20022). No DTD, no entities, no network: such a file is refused.

Source: the message definitions of ISO 20022. No statement of a Polish bank was at hand: where banks differ (numbers of
statements, balances, what stands in which reference), every place that the standard allows is looked at.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree
from lxml.etree import _Element

from services.payments.domain.accounts import nrb_of
from services.payments.domain.statement import (
    CURRENCY,
    MAX_ENTRIES,
    Details,
    Entry,
    Movement,
    Statement,
    StatementRefusedError,
    grosze_of,
)

NAMESPACES = tuple(f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}" for version in ("02", "08"))
BOOKED = "BOOK"
OPENING = ("OPBD", "PRCD")  # as it is told, the second where the first is not
CLOSING = ("CLBD",)
MAX_TITLE_CHARACTERS = 400
MAX_NAME_CHARACTERS = 200


def read(data: bytes) -> list[Statement]:
    """Every statement of a file, in its order.

    Raises:
        StatementRefusedError: the file cannot be read whole.
    """
    root = _root(data)
    statements = [_statement(found) for found in root.findall("{*}BkToCstmrStmt/{*}Stmt")]
    if not statements:
        raise StatementRefusedError("w pliku nie ma żadnego wyciągu (Stmt)")
    if sum(len(statement.entries) for statement in statements) > MAX_ENTRIES:
        raise StatementRefusedError(f"w pliku jest ponad {MAX_ENTRIES} pozycji")
    return statements


def _root(data: bytes) -> _Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise StatementRefusedError("plik nie jest poprawnym XML", error.lineno or None) from error
    except (ValueError, LookupError) as error:
        raise StatementRefusedError("plik nie jest poprawnym XML") from error
    if _doctype(root):
        raise StatementRefusedError("plik zawiera DTD, a takich nie czytamy")
    if etree.QName(root).namespace not in NAMESPACES or etree.QName(root).localname != "Document":
        raise StatementRefusedError("to nie jest camt.053.001.02 ani camt.053.001.08")
    return root


def _doctype(root: _Element) -> str:
    told: Any = root.getroottree().docinfo
    return str(told.doctype or "")


def _statement(found: _Element) -> Statement:
    account = nrb_of(_text(found, "Acct/Id/IBAN") or _text(found, "Acct/Id/Othr/Id"))
    if account is None:
        raise StatementRefusedError("numer rachunku (Acct/Id/IBAN) nie jest poprawny", _line(found))
    opening, _ = _balance(found, OPENING)
    closing, closed_on = _balance(found, CLOSING)
    booked = [entry for entry in found.findall("{*}Ntry") if _status(entry) == BOOKED]
    number = _text(found, "LglSeqNb") or _text(found, "ElctrncSeqNb")
    page = _text(found, "StmtPgntn/PgNb")
    return Statement(
        account=account,
        number=int(number) or None if number.isdecimal() else None,
        page=int(page) if page.isdecimal() else None,
        opening_grosze=opening,
        closing_grosze=closing,
        closed_on=closed_on,
        entries=tuple(entry for each in booked for entry in _entries(each)),
        line=_line(found),
        left_out=len(found.findall("{*}Ntry")) - len(booked),
    )


def _balance(statement: _Element, codes: Iterable[str]) -> tuple[int, date]:
    """A balance as (grosze with its sign, its day): the first of the kinds that there is."""
    for code in codes:
        for balance in statement.findall("{*}Bal"):
            if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                sign = -1 if _text(balance, "CdtDbtInd") == "DBIT" else 1
                return sign * _amount(balance), _day(balance, "Dt")
    raise StatementRefusedError(f"wyciąg nie ma salda {' ani '.join(codes)}", _line(statement))


def _entries(entry: _Element) -> Iterator[Entry]:
    """An entry, or the transactions of which it is the sum."""
    parts = entry.findall("{*}NtryDtls/{*}TxDtls")
    amounts = [_part_amount(part) for part in parts]
    total = _amount(entry)
    told = [amount for amount in amounts if amount is not None]
    if len(parts) <= 1 or len(told) < len(parts):
        yield _entry(entry, parts[0] if len(parts) == 1 else None, total)
        return
    if sum(told) != total:
        raise StatementRefusedError("transakcje pozycji zbiorczej nie dają jej kwoty", _line(entry))
    for part, amount in zip(parts, told, strict=True):
        yield _entry(entry, part, amount)


def _entry(entry: _Element, part: _Element | None, amount_grosze: int) -> Entry:
    reference = _text(entry, "AcctSvcrRef")
    if part is not None:
        reference = _text(part, "Refs/AcctSvcrRef") or reference or _text(part, "Refs/TxId")
    return Entry(
        line=_line(entry),
        movement=_movement(entry),
        amount_grosze=amount_grosze,
        booked_on=_day(entry, "BookgDt"),
        reference=reference,
        details=_details(entry, part),
    )


def _movement(entry: _Element) -> Movement:
    money_in = _text(entry, "CdtDbtInd") == "CRDT"
    if not money_in and _text(entry, "CdtDbtInd") != "DBIT":
        raise StatementRefusedError("pozycja nie mówi, czy to uznanie, czy obciążenie", _line(entry))
    if _text(entry, "RvslInd").lower() in ("true", "1"):
        return Movement.DEBIT_REVERSED if money_in else Movement.CREDIT_REVERSED
    return Movement.CREDIT if money_in else Movement.DEBIT


def _details(entry: _Element, part: _Element | None) -> Details:
    if part is None:
        return Details(title=_text(entry, "AddtlNtryInf")[:MAX_TITLE_CHARACTERS])
    titles = [each.text or "" for each in part.findall("{*}RmtInf/{*}Ustrd")]
    structured = [_text(each, "CdtrRefInf/Ref") for each in part.findall("{*}RmtInf/{*}Strd")]
    title = " ".join(text.strip() for text in [*titles, *structured] if text.strip())
    own = [_text(part, f"RltdPties/CdtrAcct/Id/{where}") for where in ("IBAN", "Othr/Id")]
    return Details(
        title=(title or _text(part, "AddtlTxInf") or _text(entry, "AddtlNtryInf"))[:MAX_TITLE_CHARACTERS],
        payer_name=(_text(part, "RltdPties/Dbtr/Nm") or _text(part, "RltdPties/Dbtr/Pty/Nm"))[:MAX_NAME_CHARACTERS],
        payer_account=nrb_of(_text(part, "RltdPties/DbtrAcct/Id/IBAN")) or "",
        accounts=tuple(number for text in own if (number := nrb_of(text))),
    )


def _status(entry: _Element) -> str:
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _part_amount(part: _Element) -> int | None:
    for where in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = _find(part, where)
        if found is not None:
            return _grosze(found)
    return None


def _amount(element: _Element) -> int:
    found = _find(element, "Amt")
    if found is None:
        raise StatementRefusedError("brakuje kwoty (Amt)", _line(element))
    return _grosze(found)


def _grosze(amount: _Element) -> int:
    if amount.get("Ccy") != CURRENCY:
        raise StatementRefusedError(f"kwota jest w walucie {amount.get('Ccy')}, a nie {CURRENCY}", _line(amount))
    text = (amount.text or "").strip()
    try:
        if Decimal(text) < 0:
            raise StatementRefusedError("kwota jest ujemna", _line(amount))
    except InvalidOperation as error:
        raise StatementRefusedError("kwota jest nieczytelna", _line(amount)) from error
    return grosze_of(text, _line(amount))


def _day(element: _Element, name: str) -> date:
    text = _text(element, f"{name}/Dt") or _text(element, f"{name}/DtTm")
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise StatementRefusedError(f"data ({name}) jest nieczytelna", _line(element)) from error


def _find(element: _Element, path: str) -> _Element | None:
    return element.find("/".join(f"{{*}}{name}" for name in path.split("/")))


def _text(element: _Element, path: str) -> str:
    found = _find(element, path)
    return (found.text or "").strip() if found is not None else ""


def _line(element: _Element) -> int:
    line: Any = element.sourceline
    return int(line or 1)
