"""The names of the board's cookies."""

import re


def cookie_name(host: str, what: str = "") -> str:
    """One for each port that the browser sees: cookies do not tell ports apart, and tunnels lead to several boards.

    `host`: the Host header of the request; `what`: which of the board's cookies, its first when empty.
    """
    port = re.search(r":(\d{1,5})$", host)
    return "-".join(filter(None, ("aqboard", what, port[1] if port else "")))
