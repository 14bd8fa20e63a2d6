"""What can go wrong with the local stack, as sentences for people."""

from __future__ import annotations


class StackError(Exception):
    """The local stack cannot start or go on; the text says what was wrong and what to do."""
