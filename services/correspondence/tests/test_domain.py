"""Sentences about matters and letters."""

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.correspondence import AnswerDeadlineSet, MatterClosed, MatterOpened, MatterReopened, MessageSent
from services.correspondence.domain import matters as domain
from services.correspondence.domain.faults import BadLetterError
from services.correspondence.domain.matters import (
    AssignMatter,
    AuthorRole,
    CloseMatter,
    Event,
    Letter,
    Matter,
    MatterRefusedError,
    MatterState,
    OpenMatter,
    ReopenMatter,
    SetAnswerDeadline,
    WriteMessage,
)

DAY = date(2026, 11, 23)


def message(role: AuthorRole = AuthorRole.TENANT, text: str = "Dzień dobry", message_id: str = "m1") -> WriteMessage:
    letter = domain.letter(text=text)
    return WriteMessage(message_id, "a1" if role is AuthorRole.TENANT else "s1", role, letter, b"\x01" * 16, DAY)


def opened() -> list[Event]:
    return domain.open_matter(OpenMatter("k1", "general", 1, "L1", message()))


def matter_after(*commands: domain.Command) -> Matter:
    events = opened()
    for command in commands:
        matter = domain.fold(events)
        assert matter
        events += domain.decide(matter, command)
    matter = domain.fold(events)
    assert matter
    return matter


REPLY = message(AuthorRole.STAFF, message_id="m2")
CLOSE = CloseMatter(DAY)
QUESTION = replace(REPLY, asks=True)


def test_a_matter_opens_with_its_first_letter() -> None:
    first, second = opened()
    assert isinstance(first, MatterOpened)
    assert isinstance(second, MessageSent)
    assert (first.account_id, first.lease_id, second.author_role) == ("a1", "L1", "tenant")


@pytest.mark.parametrize(
    ("commands", "state", "messages"),
    [
        ((), MatterState.OPEN, 1),
        ((REPLY,), MatterState.ANSWERED, 2),
        ((REPLY, message()), MatterState.OPEN, 3),
        ((CLOSE,), MatterState.CLOSED, 1),
        ((REPLY, CLOSE, message()), MatterState.OPEN, 3),
        ((CLOSE, REPLY), MatterState.ANSWERED, 2),
    ],
)
def test_the_state_says_whose_turn_it_is(
    commands: tuple[domain.Command, ...], state: MatterState, messages: int
) -> None:
    matter = matter_after(*commands)
    assert (matter.state, matter.message_count) == (state, messages)


def test_writing_in_a_closed_matter_opens_it_again_and_sets_a_new_deadline() -> None:
    events = domain.decide(matter_after(CLOSE), message())
    assert [type(event) for event in events] == [AnswerDeadlineSet, MatterReopened, MessageSent]


def test_a_question_waits_for_the_tenant() -> None:
    matter = matter_after(QUESTION)
    assert matter.state is MatterState.ASKED
    assert domain.decide(matter, message())[0] == AnswerDeadlineSet(matter_id="k1", due_on=date(2026, 12, 7))


def test_a_matter_is_answered_by_the_day_its_kind_says() -> None:
    assert matter_after().due_on == date(2026, 12, 7)
    assert matter_after(SetAnswerDeadline(date(2026, 11, 24), DAY)).due_on == date(2026, 11, 24)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2027, 11, 24)])
def test_a_deadline_is_a_day_to_come(day: date) -> None:
    with pytest.raises(MatterRefusedError, match="Termin to dzień od dziś"):
        domain.decide(matter_after(), SetAnswerDeadline(day, DAY))


def test_staff_take_care_of_a_matter_and_reopen_it() -> None:
    assert matter_after(AssignMatter("s1", DAY), AssignMatter("s2", DAY)).assignee_id == "s2"
    assert domain.decide(matter_after(AssignMatter("s1", DAY)), AssignMatter("s1", DAY)) == []
    assert matter_after(CLOSE, ReopenMatter(DAY)).state is MatterState.OPEN
    assert domain.decide(matter_after(), ReopenMatter(DAY)) == []


def test_another_attachment_is_another_digest() -> None:
    digests = {domain.content_digest("m1", Letter("a", None, files), b"\x01" * 16) for files in ((), ("1",), ("2",))}
    assert len(digests) == 3


def test_closing_tells_the_day() -> None:
    assert domain.decide(matter_after(), CLOSE) == [MatterClosed(matter_id="k1", closed_on=DAY)]


def test_a_reply_that_closes_is_sent_and_closes_unless_a_letter_was_not_seen() -> None:
    events = domain.decide(matter_after(CLOSE), replace(REPLY, then=CloseMatter(DAY, seen=1)))
    assert [type(event) for event in events] == [MatterReopened, MessageSent, MatterClosed]
    with pytest.raises(MatterRefusedError, match="W międzyczasie przybyła wiadomość"):
        domain.decide(matter_after(message()), replace(REPLY, then=CloseMatter(DAY, seen=1)))


def test_closing_a_closed_matter_changes_nothing() -> None:
    assert domain.decide(matter_after(CLOSE), CLOSE) == []


def test_a_full_thread_takes_no_more_letters() -> None:
    full = Matter("k1", "a1", None, "general", message_count=domain.MAX_MESSAGES)
    with pytest.raises(MatterRefusedError, match="200 wiadomości"):
        domain.decide(full, message())


def test_events_without_an_opening_are_no_matter() -> None:
    assert domain.fold([MatterClosed(matter_id="k1", closed_on=DAY)]) is None


def test_no_word_of_a_letter_is_in_its_events() -> None:
    letter = domain.letter(text="Sąsiad z trzeciego piętra", title="Hałas")
    command = WriteMessage("m1", "a1", AuthorRole.TENANT, letter, b"\x02" * 16, DAY)
    told = str([event.to_data() for event in domain.open_matter(OpenMatter("k1", "general", 1, None, command))])
    assert not any(word in told for word in ("Sąsiad", "trzeciego", "Hałas"))


def test_the_same_words_have_another_digest_under_another_salt() -> None:
    digests = {domain.content_digest("m1", Letter("tak"), bytes([n]) * 16) for n in range(3)}
    assert len(digests) == 3


@pytest.mark.parametrize("change", [Letter("Dzień dobry!"), Letter("Dzień dobry", "Temat")])
def test_a_changed_letter_has_another_digest(change: Letter) -> None:
    kept = domain.content_digest("m1", Letter("Dzień dobry"), b"\x01" * 16)
    assert domain.content_digest("m1", change, b"\x01" * 16) != kept


def test_the_digest_of_a_known_letter_stays_what_it_is() -> None:
    known = "3ac06817320d1c56c0aec9c6106258ac17a574cd8fa4c04f8ec07cde41f4b7ac"
    assert domain.content_digest("m1", Letter("Zażółć", "Temat"), b"\x01" * 16) == known


def test_a_letter_is_kept_in_one_form() -> None:
    letter = domain.letter(text="  Pierwsza\r\nDruga\rTrzecia\n ", title=" Cieknie \n kran ")
    assert letter == Letter("Pierwsza\nDruga\nTrzecia", "Cieknie kran")
    assert domain.letter(text=unicodedata.normalize("NFD", "ąćż")).text == "ąćż"


@pytest.mark.parametrize(
    ("title", "text", "faults"),
    [
        ("", "Treść", {"title": "Podaj temat."}),
        (None, " \n", {"title": "Podaj temat.", "text": "Napisz treść wiadomości."}),
        ("x" * 121, "Treść", {"title": "Temat może mieć najwyżej 120 znaków, a ma 121."}),
        ("Temat", "x" * 8001, {"text": "Treść może mieć najwyżej 8000 znaków, a ma 8001."}),
        ("Temat", "a\x00b", {"text": "Treść zawiera znak, którego nie można zapisać. Przepisz ten fragment ręcznie."}),
        ("a\x07b", "c", {"title": "Temat zawiera znak, którego nie można zapisać. Przepisz ten fragment ręcznie."}),
    ],
)
def test_a_letter_that_cannot_be_taken_says_why_in_polish(title: str | None, text: str, faults: dict[str, str]) -> None:
    with pytest.raises(BadLetterError) as refusal:
        domain.letter(text=text, title=title or "")
    assert {fault.field: fault.message for fault in refusal.value.faults} == faults


def test_a_letter_at_the_limit_is_taken() -> None:
    letter = domain.letter(text="ż" * 8000, title="ż" * 120)
    assert (len(letter.text), len(letter.title or "")) == (8000, 120)


@given(st.text(max_size=200))
def test_any_text_is_kept_as_it_would_be_kept_again_or_refused(text: str) -> None:
    try:
        kept = domain.letter(text=text)
    except BadLetterError:
        return
    assert domain.letter(text=kept.text) == kept
    assert kept.text.encode()


def test_a_matter_is_quoted_by_year_and_number() -> None:
    assert domain.matter_number(2026, 123) == "K/2026/000123"
