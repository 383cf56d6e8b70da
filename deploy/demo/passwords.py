"""The passwords that the demo's people choose: a few words that nothing connects, drawn once per copy of the demo."""

import secrets
from typing import Final

from deploy.demo.places import Places, read_json, write_private


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WORDS: Final = _words(
    "akordeon balkon bigos borsuk buraki chmura cytryna deptak drabina dzwonek fartuch filharmonia gofry gwizdek "
    "hamak imbir jagody kajak karuzela koperek kosiarka latawiec lemoniada lornetka makowiec maselnica muszla "
    "namiot naparstek oscypek parasol pierogi plecak pomost puchacz rabarbar rower sanki skarpetka spinacz sternik "
    "szarlotka szyszka tramwaj trzmiel wachlarz wanna wiaderko wiatrak wiolonczela zaspa zegarek znaczek saneczki "
    "warkocz trampki kapelusz parowar kompot obrazek kredka wiklina bursztyn paproszek"
)
WORDS_EACH: Final = 4
OWNERS: Final = ("tenant", "other_tenant", "operator")


def draw() -> str:
    """Draw a password: about 37 random bits, enough where sign-in is throttled and only this machine is let in."""
    return "-".join([*(secrets.choice(WORDS) for _ in range(WORDS_EACH)), f"{secrets.randbelow(9_000) + 1_000}"])


def chosen(places: Places) -> dict[str, str]:
    """Give the password of each owner; drawn and written down at the first call."""
    kept = read_json(places.passwords)
    if not (isinstance(kept, dict) and all(isinstance(kept.get(owner), str) for owner in OWNERS)):
        kept = {owner: draw() for owner in OWNERS}
        write_private(places.passwords, kept)
    return {owner: str(kept[owner]) for owner in OWNERS}
