"""A file that stops the run: `touch STOP`, or `echo "why" > STOP`. No scancel, no rights on the job are needed."""

import threading
from pathlib import Path

from aqboard.domain.printable import printable
from aqboard.guard.signed_files import exists

REASON_BYTES = 200


class KillSwitch:
    """Looks in a thread of its own, on rank 0 alone: a file system that hangs then does not hang the training."""

    def __init__(self, path: Path, every_s: float) -> None:
        self._path, self._every_s = path, every_s
        self._stop = threading.Event()
        self.set = exists(path)
        threading.Thread(target=self._watch, name="aqboard-guard-kill-switch", daemon=True).start()

    def _watch(self) -> None:
        while not self.set and not self._stop.wait(self._every_s):
            self.set = exists(self._path)

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    @property
    def sentence(self) -> str:
        """What was asked for, with the reason if one was written into the file."""
        try:
            with self._path.open("rb") as file:
                why = printable(file.read(REASON_BYTES).decode(errors="replace").strip())
        except OSError:
            why = ""
        return f"the kill switch {self._path} is set" + (f": {why}" if why else "; nobody wrote into it why")
