"""HTTP/1.1 as the services speak it: uvicorn's protocol on the parser in C, with the limit that parser lacks."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024  # a request line and its headers; what comes in one piece with a small head is not counted


class LimitedProtocol(HttpToolsProtocol):
    """Answers 400 to a head that does not come to its end, instead of keeping all of it in memory."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Take the next piece."""
        super().data_received(data)
        if not self._in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head has come to its end."""
        self._in_head = False
        super().on_headers_complete()
