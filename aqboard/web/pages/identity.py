"""Who sits at the keyboard: what the board knows of them, and the form where they sign in."""

import logging

import streamlit as st

from aqboard.domain.errors import AqboardError, IdentityError
from aqboard.domain.identity import WORTH, IdentifiedBy, Identity
from aqboard.show.words import SIGNED
from aqboard.signing.accounts import log_in, still_valid
from aqboard.signing.identify import from_claims, from_proxy
from aqboard.signing.installation import Installation, installation
from aqboard.web.board import opened_store
from aqboard.web.parts import say
from aqboard.web.server.cookies import cookie_name
from aqboard.web.server.login_cookies import WHAT, picture
from aqboard.web.server.logins import LOGINS, key_of
from aqboard.web.text import plain

logger = logging.getLogger("aqboard.server")

LOGIN = "login-key"
"""Session key of the sign-in that was typed in this tab; the others find theirs by the browser's cookie."""

TICKET = "login-ticket"
"""Session key of the ticket that the browser has still to exchange for its cookie."""

SAID = "login-said"
"""Session key of why a login was refused; shown once."""


def signed_in(here: Installation) -> Identity | None:
    """Who is signed in; None when nobody is, and always in single-user mode, where names are typed.

    Raises IdentityError when a proxy is expected and the request did not come through it.
    """
    if here.mode == "proxy":
        return from_proxy(st.context.headers.to_dict(), here)
    if here.mode == "oidc" and (claims := st.user.to_dict()).get("is_logged_in") is True:
        return from_claims(claims, here)
    if here.mode == "single-user" or (account := LOGINS.account(_key())) is None:
        return None
    with opened_store() as store:
        return account.identity if still_valid(store, account) else None


def may_act(here: Installation, person: Identity | None) -> bool:
    """Whether anything can be done here: names are typed, or somebody is signed in."""
    return here.mode == "single-user" or person is not None


def acting(name_key: str) -> Identity | str:
    """Who sends a form: the person who is signed in, or the name typed under `name_key` in single-user mode.

    Asked again when the form arrives; raises IdentityError when nobody is signed in any more.
    """
    here = installation()
    if here.mode == "single-user":
        return str(st.session_state[name_key])
    person = signed_in(here)
    if person is None:
        raise IdentityError("You are not signed in any more. Nothing was recorded; sign in and send it again.")
    return person


def name_field(person: Identity | None, key: str) -> None:
    """In a form: who will stand for it, or where to type the name."""
    if person is None:
        st.text_input("Your name", key=key, max_chars=120)
        st.caption("The name is typed in; nobody verifies it, and the record says so (`identified by: none`).")
        return
    roles = f" · role {plain(', '.join(person.roles))}" if person.roles else ""
    st.markdown(f"You are **{plain(person.person)}**{roles} · :gray[{SIGNED[person.identified_by]}]")


def sign_in(here: Installation) -> None:
    """The way in, where nobody is signed in."""
    if why := st.session_state.pop(SAID, ""):
        say(False, why)
    st.markdown("Sign in to run checks, to decide, to waive, or to confirm a waiver. Everything can be read without.")
    if here.mode == "oidc":
        st.button("Sign in with the team's provider", type="primary", on_click=st.login)
        return
    with st.form("login"):
        st.text_input("Account", key="login-name", max_chars=40)
        st.text_input("Password", key="login-password", type="password", max_chars=200)
        st.form_submit_button("Sign in", type="primary", on_click=_log_in)


def sign_out(here: Installation, person: Identity) -> None:
    """The way out, for those who signed in here."""
    if here.mode == "oidc" and person.identified_by == "oidc":
        st.button("Sign out", on_click=st.logout)
    elif person.identified_by == "account":
        st.button("Sign out", on_click=_log_out)
        if ticket := st.session_state.pop(TICKET, ""):
            st.html(picture(ticket))


def how(identified_by: IdentifiedBy) -> str:
    """What the identification is worth, for a tooltip."""
    return WORTH[identified_by]


def _log_in() -> None:
    state = st.session_state
    name, password = state["login-name"], state["login-password"]
    try:
        with opened_store() as store:
            account = log_in(store, name, password)
        begun = LOGINS.begin(account)
        logger.info("the account %s signed in", account.name)
        state[LOGIN], state[TICKET] = begun.key, begun.ticket
    except AqboardError as error:
        # Without the name: it may be a password, typed into the wrong field.
        logger.warning("a sign-in was refused: %s", error.message)
        state[SAID] = error.message
    state["login-password"] = ""


def _log_out() -> None:
    LOGINS.end(_key())
    logger.info("somebody signed out")
    st.session_state.pop(LOGIN, None)


def _key() -> str:
    """The sign-in of this tab, or else of this browser; one that has ended is as good as none."""
    typed_here: str = st.session_state.get(LOGIN, "")
    if LOGINS.account(typed_here):
        return typed_here
    headers = {name.lower(): value for name, value in st.context.headers.to_dict().items()}
    return key_of(st.context.cookies.to_dict().get(cookie_name(headers.get("host", ""), WHAT), ""))
