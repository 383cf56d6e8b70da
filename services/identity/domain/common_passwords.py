"""What people choose most as a password, without diacritics: words, names, teams, towns, keyboard walks."""

from typing import Final

_WORDS: Final = """
haslo password passwd pass login admin administrator root user uzytkownik test testowe demo guest gosc
start witam witaj welcome hello czesc dziendobry secret tajne tajnehaslo sekret zmien zmienmnie zmianahasla changeme
letmein dostep access master computer komputer laptop internet windows google facebook samsung iphone
qwerty qwertz asdf asdfgh zxcv zxcvbn qwer qaz wsx edc rfv qazwsx qweasd qweasdzxc zaq zaqwsx wsxcde zaqwsxcde
abc abcd abcdef xyz ala alamakota makota kota kot kotek pies piesek misiek misiu mis
kochanie kocham kochamcie kochamciebie cie ciebie skarb skarbie kwiatek sloneczko aniolek zabka mama tata dziecko
rodzina milosc love iloveyou loveyou you lover princess dragon monkey shadow superman batman sunshine football
baseball soccer pilka legia widzew lech wisla polska polonia poland warszawa krakow wroclaw poznan gdansk lodz
szczecin katowice lublin dom mieszkanie moje moj moja nasz nasze czynsz najem najemca tbs iok ebok lokal osiedle
lato zima wiosna jesien styczen luty marzec kwiecien maj czerwiec lipiec sierpien wrzesien pazdziernik listopad
grudzien poniedzialek wtorek sroda czwartek piatek sobota niedziela
anna ania maria katarzyna kasia malgorzata gosia agnieszka barbara basia ewa krystyna magdalena magda monika
joanna asia karolina kinga natalia ola aleksandra zuzanna zosia julia
piotr krzysztof andrzej tomasz tomek pawel jan michal marcin marek adam mateusz kamil lukasz bartek maciek kuba
jezus matka boska bog jezu papiez jpii szatan metallica pokemon starwars matrix harrypotter potter
"""

COMMON_WORDS: Final = frozenset(_WORDS.split())
COMMON_WALKS: Final = frozenset({"1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "zaq12wsxcde3", "zaq1xsw2cde3", "1q2w3e4r5t6y"})
