"""The one exception of the artefact readers."""

from aqboard.domain.errors import AqboardError


class ReadError(AqboardError):
    """A file was refused or cannot be read; nothing in it was executed. `code` names the reason."""

    code = "unreadable"
