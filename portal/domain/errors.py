"""What the domain says when it refuses."""


class DomainError(Exception):
    """A refusal that the user can do something about: an English msgid, translated at the edge, with its params."""

    def __init__(self, msgid: str, field: str | None = None, **params: object) -> None:
        super().__init__(msgid % params if params else msgid)
        self.msgid = msgid
        self.field = field
        self.params = params


class Stale(DomainError):
    """Somebody else saved this record after the form was opened."""
