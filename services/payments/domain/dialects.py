"""The details of an MT940 entry (`:86:`), written by each bank in a dialect of its own, as what they say.

Lines are cut wherever they are full, in the middle of a number too; so parts are put together before anything is looked
for. Source: statements of the banks named in bank_profiles.toml.
"""

import re
from collections.abc import Iterable, Sequence

from services.payments.domain.accounts import nrb_of, numbers_in, with_check_digits
from services.payments.domain.bank_profiles import Labels, Profile
from services.payments.domain.statement import Details

MAX_TITLE_CHARACTERS = 400
MAX_NAME_CHARACTERS = 200
SORT_CODE_DIGITS = 8
REST_DIGITS = 16

_BLANKS = re.compile(r"\s+")
_NOT_DIGITS = re.compile(r"[^0-9]")
# The text of a split payment: VAT, the payer's NIP, the invoice, and what the payer wrote.
_SPLIT_PAYMENT = re.compile(r"^/VAT/.*?/TXT/(?P<text>.*)$", re.DOTALL)


def details_of(text: str, profile: Profile) -> Details:
    """What the details of an entry say; lines are separated by newlines, as in the file."""
    empty = _empty_marker(profile)
    if profile.labels is not None:
        joined = _joined(text.split("\n"), profile.characters)
        return _of_labels(joined, profile)
    return _of_subfields(text.replace(empty, "") if empty else text, profile)


def fits(text: str, profile: Profile) -> bool:
    """Whether the details of an entry are written in a profile's dialect: a subfield or a label stands in them."""
    if profile.labels is None:
        return bool(_subfields(text, profile.mark))
    joined = _joined(text.split("\n"), profile.characters)
    return any(
        _parted(joined, label)[1] for label in (profile.labels.account, profile.labels.name, profile.labels.title)
    )


def _empty_marker(profile: Profile) -> str:
    """The character that stands for an empty subfield: byte 255, whatever it means in the file's encoding."""
    try:
        return b"\xff".decode(profile.encoding)
    except UnicodeDecodeError:
        return ""


def _joined(parts: Iterable[str], full: int) -> str:
    """Parts as one text: behind a full one nothing, behind a shorter one a blank, for its own was cut off."""
    text = ""
    for part in parts:
        text += part if len(part) >= full else f"{part} "
    return text.strip()


def _clean(text: str, limit: int) -> str:
    return _BLANKS.sub(" ", text).strip(" ;,")[:limit].strip()


def _payer_ids(text: str, profile: Profile) -> tuple[str, ...]:
    if not profile.payer_id:
        return ()
    return tuple(dict.fromkeys(_NOT_DIGITS.sub("", found[1]) for found in re.finditer(profile.payer_id, text)))


def _of_labels(text: str, profile: Profile) -> Details:
    """The bank's own words come first: behind the title everything is the payer's, who may write any label or id."""
    labels = profile.labels or Labels(account="", name="", title="")
    own, titled, title = _parted(text, labels.title)
    return Details(
        title=_title(_before(title, labels.end) if titled else text),
        payer_name=_clean(_after(own, labels.name, (labels.account,)), MAX_NAME_CHARACTERS),
        payer_account=next(iter(numbers_in(_after(own, labels.account, (labels.name,)))), ""),
        payer_ids=_payer_ids(own, profile),
    )


def _parted(text: str, label: str) -> tuple[str, bool, str]:
    """What stands before the first `label` and what behind it, and whether there is one."""
    found = re.search(rf"(?<!\w){re.escape(label)}", text)
    return (text, False, "") if found is None else (text[: found.start()], True, text[found.end() :])


def _after(text: str, label: str, ends: Sequence[str]) -> str:
    """What stands behind the first `label`, up to the first of `ends` behind it."""
    return _before(_parted(text, label)[2], ends)


def _before(text: str, ends: Sequence[str]) -> str:
    return min((_parted(text, end)[0] for end in ends), key=len, default=text)


def _title(text: str) -> str:
    split = _SPLIT_PAYMENT.match(text.strip())
    return _clean(split["text"] if split else text, MAX_TITLE_CHARACTERS)


def _of_subfields(text: str, profile: Profile) -> Details:
    fields = _subfields(text, profile.mark)
    title = _joined((fields.get(name, "") for name in profile.title if name in fields), profile.characters)
    named = [number for name in profile.accounts if (number := nrb_of(fields.get(name, "")))]
    in_parts = _account_in_parts(fields.get(profile.sort_code, ""), fields.get(profile.account_rest, ""))
    everything = _joined(fields.values(), profile.characters)
    return Details(
        title=_title(title or (text if not fields else "")),
        payer_name=_clean(" ".join(fields.get(name, "") for name in profile.name_fields), MAX_NAME_CHARACTERS),
        payer_account=in_parts or (named[-1] if named else ""),
        accounts=tuple(dict.fromkeys(named)),
        payer_ids=_payer_ids(everything, profile),
    )


def _subfields(text: str, mark: str) -> dict[str, str]:
    """Two digits -> text, of every subfield; the same one again goes on."""
    flat = text.replace("\n", "")
    found: dict[str, str] = {}
    marked = list(re.finditer(rf"{re.escape(mark)}([0-9]{{2}})", flat))
    for at, subfield in enumerate(marked):
        end = marked[at + 1].start() if at + 1 < len(marked) else len(flat)
        found[subfield[1]] = found.get(subfield[1], "") + flat[subfield.end() : end]
    return found


def _account_in_parts(sort_code: str, rest: str) -> str:
    """The account of a sort code and the digits behind it; "" where they are not both there."""
    bank, account = _NOT_DIGITS.sub("", sort_code), _NOT_DIGITS.sub("", rest)
    if len(bank) != SORT_CODE_DIGITS or len(account) != REST_DIGITS:
        return nrb_of(rest) or ""
    return with_check_digits(bank + account)
