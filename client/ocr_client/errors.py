"""What can go wrong, grouped by who has to act. Every message says what to do.

OcrError
├── ServerUnreachable        no connection, or it broke: start a server or correct the address
├── ServerTimeout            no answer in time: wait longer or send less
├── ServerOverloaded         the server is busy, loading or stopping: try again later
├── ServerFault              the server failed, lacks the model or answers nonsense: its log knows more
├── SharedMemoryUnavailable  no room in this machine's shared memory: make room, or leave shared_memory out
└── BadRequest               the server refuses the request: it is not allowed, or made for another model
    ├── BadImage             send another image
    └── BadOption            correct the option

ServerUnreachable and ServerOverloaded come only after the retries that a client makes; nothing else is retried. Of
several servers, the next one is asked first, after ServerTimeout, too: the error comes when none of them is to be had.

The server puts a code before what it says about a request: `bad_image: …` is BadImage, `bad_option: …` BadOption,
`bad_request: …` and every code that this client does not know BadRequest. The message is the sentence without the
code. Servers older than the codes send the sentence alone, which is a BadRequest, too.

Wrong arguments raise Python's own errors: FileNotFoundError for a missing file, TypeError for something that is not an
image, ValueError for an option out of range.
"""


class OcrError(Exception):
    """Any failure to have an image read."""


class ServerUnreachable(OcrError):
    """There is no connection to the server, or it broke."""


class ServerTimeout(OcrError):
    """The server gave no answer in time."""


class ServerOverloaded(OcrError):
    """The server accepts no requests at the moment (HTTP 503, gRPC UNAVAILABLE), or a proxy reaches none (502, 504)."""


class ServerFault(OcrError):
    """The server failed in any other way."""


class SharedMemoryUnavailable(OcrError):
    """This machine's shared memory is full, or it has none; nothing was sent."""


class BadRequest(OcrError):
    """The server refuses the request (HTTP 400, gRPC INVALID_ARGUMENT, or access denied)."""


class BadImage(BadRequest):
    """The image is damaged, too large, empty or not an image at all (`bad_image`)."""


class BadOption(BadRequest):
    """The server knows no such option, or takes other values for it (`bad_option`)."""
