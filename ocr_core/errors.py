"""What may go wrong, in the order of the data's way.

    BadRequest            the caller's fault: the message is written for the caller, who gets it as HTTP 400
    ├── BadImage          the bytes are no image that can be read here (image.py)
    └── BadOption         a request parameter has an unknown name or a value out of range (options.py)
    NotExported           the operator's fault, at load: a version directory lacks what the exporter writes

Every other exception is our own fault: triton.py logs it whole and answers in general words.
"""


class BadRequest(ValueError):
    """The request cannot be answered; the message tells the caller what is wrong and what would be right."""


class BadImage(BadRequest):
    """The bytes are not an image that can be read here."""


class BadOption(BadRequest):
    """A request parameter has an unknown name or a value out of range."""


class NotExported(RuntimeError):
    """A model's version directory lacks a file that `python -m export` writes."""
