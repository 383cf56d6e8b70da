"""What Autopay adds for the payer: agreed between the company and Autopay, told before anybody leaves for its page."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from services.gateway.web.language import Language


@dataclass(frozen=True)
class PayerFee:
    """So many grosze and so many per cent of the amount; both nothing: it is not known here whether there is a fee."""

    grosze: int = 0
    percent: Decimal = Decimal(0)

    @property
    def is_known(self) -> bool:
        """Whether the pages can name it."""
        return bool(self.grosze or self.percent)

    def of(self, amount_grosze: int) -> int:
        """The fee on an amount, rounded half up to a grosz."""
        share = Decimal(amount_grosze) * self.percent / 100
        return self.grosze + int(share.quantize(Decimal(1), ROUND_HALF_UP))

    def words(self, language: Language) -> str:
        """The rule in a sentence."""
        say = language.text
        parts = [say("%(percent)s%% kwoty") % {"percent": language.number(str(self.percent))}] if self.percent else []
        parts += [language.money(self.grosze)] if self.grosze else []
        if not parts:
            return say("Operator może doliczyć niewielką opłatę, niezależną od nas; zobaczysz ją, zanim zapłacisz.")
        return say("Operator dolicza do wpłaty swoją opłatę, niezależną od nas: %(fee)s.") % {"fee": " + ".join(parts)}
