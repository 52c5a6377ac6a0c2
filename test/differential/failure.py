"""What a test finds wrong."""


class Failure(Exception):
    """A difference, with what to print of it."""
