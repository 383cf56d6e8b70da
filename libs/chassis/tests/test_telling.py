"""What operators read: amounts in złoty, and what to look at first when nothing answers."""

from libs.chassis.telling import why_away, zloty


def test_an_amount_is_written_as_people_read_it() -> None:
    written = [zloty(each) for each in (0, 5, -100, 123_456, 123_456_789)]
    assert written == ["0,00 zł", "0,05 zł", "-1,00 zł", "1 234,56 zł", "1 234 567,89 zł"]


def test_who_finds_nothing_running_is_told_how_to_start_it() -> None:
    assert "make up" in why_away(ConnectionRefusedError("Connect call failed"))
    assert "make up" not in why_away(TimeoutError("too slow"))
