"""What may go wrong, in the order of the data flow.

    BadRequest            the caller's fault: the message is written for the caller, who gets it as HTTP 400
    ├── BadImage          the bytes are no image that can be read here (image.py)
    └── BadOption         a request parameter has an unknown name or a value out of range (options.py)
    Unavailable           nobody's fault: the caller may try again later, and gets HTTP 503
    ├── Overloaded        as many pages as the server takes are in the pipeline (admission.py)
    └── DeadlineExceeded  the time that the caller waits is over (admission.py)
    Cancelled             the caller has gone; nobody reads the answer (admission.py)
    NotExported           the operator's fault, at load: a file of the exporter's is missing or wrong (exported.py)
    ModelMismatch         the operator's fault, at run time: a model and its file do not belong together (detector.py)

Every other exception is a defect of this code: triton.py logs it whole and answers in general words.
"""

from typing import ClassVar


class BadRequest(ValueError):
    """The request cannot be answered; the message tells the caller what is wrong and what would be right.

    Attributes:
        code: The kind of error, for programs: it stays the same while messages may change.
    """

    code: ClassVar[str] = "bad_request"


class BadImage(BadRequest):
    """The bytes are not an image that can be read here."""

    code = "bad_image"


class BadOption(BadRequest):
    """A request parameter has an unknown name or a value out of range."""

    code = "bad_option"


class Unavailable(RuntimeError):
    """The request cannot be answered now; the message tells the caller so.

    Attributes:
        code: As of BadRequest.
    """

    code: ClassVar[str] = "unavailable"


class Overloaded(Unavailable):
    """As many pages as the server takes are in the pipeline."""

    code = "overloaded"


class DeadlineExceeded(Unavailable):
    """The caller no longer waits for the answer."""

    code = "deadline_exceeded"


class Cancelled(RuntimeError):
    """The caller has cancelled the request."""


class NotExported(RuntimeError):
    """A model's version directory lacks a file that `python -m export` writes, or has another exporter's."""


class ModelMismatch(RuntimeError):
    """A model gives something else than the files beside it say."""
