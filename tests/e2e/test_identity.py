"""Signing in as a team does: through an OpenID Connect provider, and behind a proxy, with Streamlit's own login."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from aqboard.store import Store
from tests.e2e.conftest import serve
from tests.e2e.identity_provider import IdentityProvider
from tests.e2e.reverse_proxy import ReverseProxy
from tests.e2e.test_journey import settled
from tests.sample_attempts import fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADA = "ada@example.org"
SHOWN = "ada\N{WORD JOINER}@example.org"
"""How a page writes it, so that it does not become a link."""
ROLES = {"roles": {ADA: ["lead"]}}
PEOPLE = {
    "Ada": {"sub": "1001", "name": "Ada Lovelace", "email": ADA, "email_verified": True},
    "Mallory": {
        "sub": "6666",
        "name": "Mallory",
        "email": ADA,
        "email_verified": False,
    },
}
SECRET_HEADER, SECRET = "X-Aqboard-Proxy-Secret", secrets.token_hex(32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the one who serves the board, its settings included."""
    monkeypatch.setenv("AQBOARD_CONFIG_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def number(folder: Path) -> int:
    """Of an attempt that is READY."""
    with Store(folder / "board.db", create=True) as store:
        return fill(store, folder / "inputs")["fixed"]


def settings(folder: Path, **said: object) -> None:
    (folder / "signing.yaml").write_text(yaml.safe_dump({**ROLES, **said}))


def open_launch(page: Page, url: str, number: int) -> None:
    page.goto(f"{url}/launch?attempt={number}")
    settled(page)


def say_go(page: Page) -> None:
    page.get_by_role("radiogroup", name="Decision").get_by_text("GO", exact=True).click()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", name="The signed script")).to_be_visible()


@pytest.fixture
def provided(folder: Path, number: int) -> Iterator[str]:
    """The address of a board whose people come from an identity provider."""
    settings(folder, mode="oidc")
    with IdentityProvider(PEOPLE) as provider:
        (folder / ".streamlit").mkdir()
        (folder / ".streamlit" / "secrets.toml").write_text(provider.secrets_toml())
        with serve(folder / "board.db", folder) as server:
            yield f"http://127.0.0.1:{server.port}"


def sign_in_as(page: Page, url: str, number: int, person: str) -> None:
    open_launch(page, url, number)
    page.get_by_role("button", name="Sign in with the team's provider").click()
    page.get_by_role("link", name=person, exact=True).click()
    page.wait_for_url(re.compile(re.escape(url)))
    settled(page)
    open_launch(page, url, number)


def test_a_person_of_the_identity_provider_signs(page: Page, provided: str, number: int, folder: Path) -> None:
    sign_in_as(page, provided, number, "Ada")
    expect(page.get_by_text(f"You are Ada Lovelace ({SHOWN}) · role lead · by the identity provider")).to_be_visible()
    say_go(page)
    with Store(folder / "board.db") as store:
        (signoff,) = store.attempt(number).signoffs
    assert (signoff.person, signoff.identified_by) == (f"Ada Lovelace ({ADA})", "oidc")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{provided}/")
    settled(page)
    open_launch(page, provided, number)
    expect(page.get_by_role("button", name="Sign in with the team's provider")).to_be_visible()


def test_an_address_that_the_provider_has_not_verified_is_nobodys_name(page: Page, provided: str, number: int) -> None:
    sign_in_as(page, provided, number, "Mallory")
    expect(page.get_by_text("You are Mallory (6666) · by the identity provider")).to_be_visible()


def test_behind_a_proxy_its_word_counts_and_nobody_elses(browser: Browser, folder: Path, number: int) -> None:
    file = folder / "proxy.secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    settings(folder, mode="proxy", proxy={"header": "X-Remote-User", "secret_file": str(file)})
    lies = {"X-Remote-User": "mallory", SECRET_HEADER: "0" * 64}
    with serve(folder / "board.db", folder) as server, browser.new_context(extra_http_headers=lies) as context:
        page = context.new_page()
        open_launch(page, f"http://127.0.0.1:{server.port}", number)
        expect(page.get_by_text("This request did not come through the trusted proxy")).to_be_visible()
        with ReverseProxy(server.port, {"X-Remote-User": ADA, SECRET_HEADER: SECRET}) as proxy:
            open_launch(page, proxy.url, number)
            expect(page.get_by_text(f"You are {SHOWN} · role lead · by the trusted proxy")).to_be_visible()
            say_go(page)
    with Store(folder / "board.db") as store:
        (signoff,) = store.attempt(number).signoffs
    assert (signoff.person, signoff.identified_by) == (ADA, "proxy")
