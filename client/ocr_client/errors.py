"""What can go wrong, by whose turn it is to act. Every message says what to do.

OcrError
├── ServerUnreachable   no connection, or it broke: start a server or correct the address
├── ServerTimeout       connected, but no answer in time: wait longer or send less
├── BadImage            the server refuses the request: mend the image
├── ServerOverloaded    the server is busy or still loading: try again later
└── ServerFault         the server failed, lacks the model or answers nonsense: its log knows more

What is wrong before anything is sent stays what Python calls it: FileNotFoundError for a missing
file, ValueError for an option out of range.
"""


class OcrError(Exception):
    """Any failure to have an image read."""


class ServerUnreachable(OcrError):
    """There is no connection to the server, or it broke."""


class ServerTimeout(OcrError):
    """The server gave no answer in time."""


class BadImage(OcrError):
    """The server refuses the request (HTTP 400), or there is nothing to send."""


class ServerOverloaded(OcrError):
    """The server takes no request now (HTTP 503)."""


class ServerFault(OcrError):
    """The server failed in any other way."""
