"""Error codes that belong to no subject."""

from app.registers.register import ErrorCode


class CommonCode(ErrorCode):
    """Errors that many requests can have"""

    INVALID_INPUT = (
        "invalid_input",
        "The input has several problems, or one without a code of its own; `problems` lists them.",
    )
    NAME_TAKEN = "name_taken", "The name is already taken."
    BUSY = "busy", "The server is doing too much at once, or another request is changing the same object."
    TOO_MANY = "too_many", "Too many values are given at once."
    CURSOR = "cursor", "The cursor is not valid for this list."
    PAGE_SIZE = "page_size", "The size of a page is out of range."
    SEARCH_TOO_LONG = "search_too_long", "The search text is too long."
