"""What the codes by which records are set aside mean, in Polish, for the people who decide about them."""

from collections.abc import Mapping
from typing import Final

from libs.events.decoding import Reason

REASON_WORDS: Final[Mapping[str, str]] = {
    Reason.EMPTY: "rekord jest pusty",
    Reason.TOO_LARGE: "rekord jest za duży",
    Reason.BINARY_MODE: "przysłano go w trybie binarnym CloudEvents; przyjmujemy tylko JSON",
    Reason.CONTENT_TYPE: "nagłówek mówi, że to nie jest zdarzenie w JSON",
    Reason.NOT_UTF8: "tekst nie jest zapisany w UTF-8",
    Reason.NOT_JSON: "to nie jest poprawny JSON",
    Reason.TOO_DEEP: "JSON jest zagnieżdżony zbyt głęboko",
    Reason.DUPLICATE_KEY: "w JSON powtarza się nazwa pola",
    Reason.NUMBER_OUT_OF_RANGE: "jest w nim liczba spoza dopuszczalnego zakresu",
    Reason.NUL_CHARACTER: "w tekście jest znak o kodzie zero",
    Reason.NOT_AN_ENVELOPE: "brakuje w nim pól, które ma każde zdarzenie, albo są błędne",
    Reason.UNKNOWN_VERSION: "nie znamy tej wersji zdarzenia",
    Reason.WRONG_TOPIC: "takie zdarzenie nie należy do tego tematu",
    Reason.KEY_IS_NOT_SUBJECT: "klucz rekordu nie zgadza się z tym, czego dotyczy zdarzenie",
    Reason.SOURCE_NOT_ALLOWED: "ten nadawca nie może wysyłać takich zdarzeń",
    Reason.DATA_AGAINST_SCHEMA: "dane zdarzenia są inne, niż opisuje schemat",
    Reason.AMOUNT_OUT_OF_BOUNDS: "kwota jest spoza dopuszczalnego zakresu",
    Reason.DESCRIPTION_TOO_LONG: "opis jest za długi",
    Reason.LINES_DO_NOT_ADD_UP: "pozycje nie sumują się do kwoty",
}
