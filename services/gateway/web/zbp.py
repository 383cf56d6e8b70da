"""The QR code of a domestic transfer, as the Polish Bank Association (ZBP) recommends: what banks' apps read.

`NIP|PL|NRB|grosze|recipient|title|||`: recipient at most 20 characters, title at most 32, the whole at most 160; cut by
characters, not by bytes. An amount of zero leaves it to the payer.
"""

from dataclasses import dataclass

import segno

SEPARATOR = "|"
COUNTRY = "PL"
AMOUNT_DIGITS = 6  # at least; a longer amount takes from the reserve fields, which we leave empty
NAME_CHARACTERS = 20
TITLE_CHARACTERS = 32
WHOLE_CHARACTERS = 160
QUIET_MODULES = 4  # the white edge that readers need


@dataclass(frozen=True)
class Transfer:
    """A transfer to be made. `account`: 26 digits; `amount_grosze` 0: the payer types it; `nip`: digits, or none."""

    account: str
    recipient: str
    title: str
    amount_grosze: int
    nip: str = ""


def payload(transfer: Transfer) -> str:
    """The text of the code.

    Raises:
        ValueError: more than the code may hold, or a sum below zero.
    """
    if transfer.amount_grosze < 0:
        raise ValueError("nobody can be asked for less than nothing")
    fields = [
        transfer.nip,
        COUNTRY,
        transfer.account,
        f"{transfer.amount_grosze:0{AMOUNT_DIGITS}}",
        _plain(transfer.recipient)[:NAME_CHARACTERS].strip(),
        _plain(transfer.title)[:TITLE_CHARACTERS].strip(),
    ]
    text = SEPARATOR.join([*fields, "", "", ""])
    if len(text) > WHOLE_CHARACTERS:
        raise ValueError("longer than the code of a transfer may be")
    return text


def drawing(transfer: Transfer) -> str:
    """The code as an SVG element, black on white whatever the page's colours are."""
    code = segno.make(payload(transfer), error="l", micro=False, encoding="utf-8")
    return code.svg_inline(
        border=QUIET_MODULES, dark="#000", light="#fff", omitsize=True, svgclass="iok-qr", lineclass=None
    )


def _plain(text: str) -> str:
    """A text that cannot end its field early."""
    return " ".join(text.replace(SEPARATOR, " ").split())
