"""Files of a form: given to correspondence at once, as drafts, so that a letter that cannot be sent loses none."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from services.gateway.clients.doors import Correspondence
from services.gateway.clients.matter_models import Attachment
from services.gateway.clients.transport import AwayError, NotFoundError, RefusedError
from services.gateway.web.forms import KEY_FIELD, MAX_FILES, files_of
from services.gateway.web.language import Language
from services.gateway.web.visits import Visitor

DRAFTS_FIELD = "drafts"
DEED_FIELD = "deed"
ADD = "add"
REMOVE = "remove-"
MAX_FILE_BYTES = 10 * 1024 * 1024  # as correspondence takes them
DRAFT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Drafts:
    """The files of a letter that is being written, why others are not among them, the names of those just taken.

    `unseen`: ids of an earlier try that correspondence could not tell of just now; it checks them when they are sent.
    """

    items: Sequence[Attachment] = ()
    faults: Sequence[str] = ()
    added: Sequence[str] = ()
    unseen: Sequence[str] = ()

    @property
    def ids(self) -> list[str]:
        """Their ids, in order."""
        return [*(one.attachment_id for one in self.items), *self.unseen]


NO_DRAFTS = Drafts()


class Uploads:
    """Takes the files of forms."""

    def __init__(self, correspondence: Correspondence, language: Language) -> None:
        self._correspondence = correspondence
        self._language = language

    async def of_form(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Drafts:
        """The drafts of an earlier try, without those to be removed, and the files chosen now."""
        deed = fields.get(DEED_FIELD, "")
        removed = deed.removeprefix(REMOVE) if deed.startswith(REMOVE) else None
        earlier = [one for one in fields.get(DRAFTS_FIELD, "").split(",") if DRAFT_ID.fullmatch(one)]
        try:
            if removed in earlier:
                await self._remove(visitor, removed)
            wanted = [one for one in earlier if one != removed][:MAX_FILES]
            found = await self._correspondence.drafts(visitor.session, wanted, visitor.seconds_left())
        except AwayError:
            return Drafts(faults=self._unseen(await files_of(request)), unseen=earlier[:MAX_FILES])
        kept = list(found.items)
        before = len(kept)
        faults = [await self._take(file, visitor, fields, kept) for file in await files_of(request)]
        return Drafts(kept, [fault for fault in faults if fault], [one.name for one in kept[before:]])

    async def _remove(self, visitor: Visitor, attachment_id: str) -> None:
        try:
            await self._correspondence.remove_draft(visitor.session, attachment_id)
        except NotFoundError:  # it was thrown away before
            return

    async def _take(
        self, file: UploadFile, visitor: Visitor, fields: Mapping[str, str], kept: list[Attachment]
    ) -> str | None:
        """Give a file away; returns why it was refused, if it was."""
        say, name = self._language.text, file.filename or ""
        if len(kept) >= MAX_FILES:
            return say("%s: dołączonych jest już 10 plików, więcej się nie zmieści.") % name
        if (file.size or 0) > MAX_FILE_BYTES:
            return say("%s: plik ma więcej niż 10 MB. Zmniejsz go albo podziel.") % name
        content = await file.read()
        key = hashlib.sha256(f"{fields.get(KEY_FIELD)}\0{name}\0".encode() + content).hexdigest()
        try:
            taken = await self._correspondence.upload(visitor.session, name, content, key)
        except AwayError:
            return self._away()
        except RefusedError as error:
            return f"{name}: {' '.join(error.fields.values()) or say('Nie przyjęliśmy tego pliku.')}"
        if taken.attachment_id not in {one.attachment_id for one in kept}:
            kept.append(taken)
        return None

    def _unseen(self, chosen: Sequence[UploadFile]) -> list[str]:
        """What to say while the files of an earlier try cannot be shown; those chosen now are not taken."""
        say = self._language.text
        still = say("Pliki dodane wcześniej są nadal dołączone, choć nie możemy ich teraz pokazać.")
        return [still, self._away() if chosen else say("Spróbuj jeszcze raz za chwilę.")]

    def _away(self) -> str:
        return self._language.text("Nie udało się zapisać plików. Wybierz je ponownie za chwilę.")
