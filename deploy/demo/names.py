"""Words the demo company is made of: given names, family names, trades, streets. All combinations are invented."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE: Final = _words(
    "Agata Agnieszka Aleksandra Alicja Anna Barbara Beata Bożena Danuta Dorota Elżbieta Emilia Ewa Grażyna Halina "
    "Hanna Irena Iwona Izabela Jadwiga Janina Joanna Jolanta Julia Justyna Karolina Katarzyna Krystyna Łucja "
    "Magdalena Małgorzata Maria Marta Monika Natalia Patrycja Paulina Renata Sylwia Teresa Urszula Weronika Zofia"
)

MALE: Final = _words(
    "Adam Andrzej Arkadiusz Bartosz Bogdan Czesław Damian Daniel Dariusz Filip Grzegorz Henryk Jacek Jakub Jan Jerzy "
    "Józef Kamil Karol Kazimierz Krzysztof Łukasz Maciej Marcin Marek Mariusz Mateusz Michał Mirosław Paweł Piotr "
    "Rafał Robert Ryszard Sławomir Stanisław Stefan Tadeusz Tomasz Wiesław Witold Wojciech Zbigniew Zdzisław"
)

FAMILY: Final = _words(
    "Adamczyk Andrzejewski Baran Bąk Borkowski Chmielewski Cieślak Czarnecki Dąbek Domański Dudek Dziedzic Gajda "
    "Gajewski Głowacki Góra Grabowski Jabłoński Jakubiak Janik Jaworski Jóźwiak Kaczmarek Kalinowski Kania Kasprzak "
    "Kędzierski Kołodziej Kopeć Kozłowski Krajewski Krupa Kubiak Kujawski Laskowski Lis Łuczak "
    "Maciejewski Majchrzak Malinowski Marczak Mazurek Michalak Milewski Mróz Nawrocki Nowicki Olejnik Orłowski Pająk "
    "Pawlak Piątek Pietrzak Piotrowski Polak Przybylski Ratajczak Rogalski Rutkowski Rybak Sadowski Sikora Skiba "
    "Sobczak Sosnowski Stachowiak Stasiak Szulc Szymczak Śliwa Świątek Tomczak Urban Walczak Wawrzyniak Wesołowski "
    "Wierzbicki Wilk Witczak Wojtas Wrona Wysocki Zając Zalewski Zawadzki Zielonka Żak Żukowski"
)

FOREIGN: Final = (
    ("female", "Oksana", "Melnyk"), ("male", "Andrij", "Bondar"), ("female", "Natalija", "Tkaczuk"),
    ("male", "Wołodymyr", "Kowal"), ("female", "Iryna", "Szewczuk"), ("male", "Mykoła", "Hnatiuk"),
)  # fmt: skip
"""(sex, given name, family name) of tenants who came from abroad and have no PESEL."""

TRADES: Final = (
    "Piekarnia", "Cukiernia", "Apteka", "Kwiaciarnia", "Księgarnia", "Optyk", "Zegarmistrz", "Biuro Rachunkowe",
    "Gabinet Stomatologiczny", "Salon Fryzjerski", "Sklep Spożywczy", "Pracownia Krawiecka", "Serwis Rowerowy",
    "Żłobek", "Studio Projektowe", "Pralnia", "Kancelaria", "Lecznica dla Zwierząt",
)  # fmt: skip

FIRM_NAMES: Final = (
    "Jarzębina", "Kłos", "Lawenda", "Na Rogu", "Pod Kasztanem", "Pod Zegarem", "Przystań", "Stokrotka", "U Sąsiadów",
    "Wiklina", "Zakątek", "Złota Kaczka", "Żuraw",
)  # fmt: skip

STREETS: Final = (
    "Bzowa", "Brzozowa", "Czereśniowa", "Gajowa", "Jarzębinowa", "Jaśminowa", "Jesionowa", "Kalinowa", "Kasztanowa",
    "Klonowa", "Lipowa", "Łąkowa", "Magnoliowa", "Morelowa", "Nasturcjowa", "Orzechowa", "Parkowa", "Polna",
    "Rumiankowa", "Słonecznikowa", "Świerkowa", "Topolowa", "Wierzbowa", "Wiśniowa", "Wrzosowa", "Źródlana",
)  # fmt: skip

TOWN: Final = "99-999 Dębogród"
"""An invented town under a postal code that the post does not use."""


def feminine(family_name: str) -> str:
    """Give the form of a family name that a woman bears: -ski, -cki and -dzki change, others stay."""
    return family_name[:-1] + "a" if family_name.endswith(("ski", "cki", "dzki")) else family_name
