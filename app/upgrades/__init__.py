"""Service definitions: their language, the check when one is saved, and the routes between versions.

Like `app/workflows/`, this package has no I/O.
"""
