"""Who somebody is: the installation's file, the proxy's header, the provider's claims."""

from pathlib import Path

import pytest
import yaml

from aqboard.domain.errors import IdentityError, LaunchError
from aqboard.domain.signing.policy import Policy
from aqboard.domain.signing.signoff import Decision
from aqboard.location import config_folder
from aqboard.signing.decide import decide
from aqboard.signing.identify import from_claims, from_proxy, typed, with_roles
from aqboard.signing.installation import installation, settings_file
from aqboard.store import Store
from tests.signing_samples import ADA, GRACE, KATHERINE, WHEN, add_attempt, findings, person

SECRET = "s" * 40


def settings(**document: object) -> None:
    config_folder().mkdir(parents=True, exist_ok=True)
    settings_file().write_text(yaml.safe_dump(document))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "proxy secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


def test_without_a_file_it_is_single_user() -> None:
    assert installation().mode == "single-user"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"mode": "anything"}, "mode"),
        ({"mode": "proxy"}, "belong together"),
        ({"proxy": {"secret_file": "/x"}}, "belong together"),
        ({"mode": "account", "polcy": {}}, "polcy"),
        ({"policy": {"people": {"Ada": ["lead"]}}}, "policy.people"),
        ({"policy": {"approvals": []}}, "approvals"),
        ("just text", "the file"),
    ],
    ids=str,
)
def test_a_file_with_a_mistake_is_told_and_never_means_fewer_rules(document: object, why: str) -> None:
    config_folder().mkdir(parents=True, exist_ok=True)
    settings_file().write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    with pytest.raises(IdentityError, match=why):
        installation()
    settings_file().write_text("mode: [\n")
    with pytest.raises(IdentityError, match="not YAML"):
        installation()


def test_the_proxy_is_believed_by_its_secret_alone(secret: Path) -> None:
    roles = {"ada@example.org": ["lead"]}
    settings(mode="proxy", proxy={"header": "X-Remote-User", "secret_file": str(secret)}, roles=roles)
    here = installation()
    told = from_proxy({"x-remote-user": "Ada@example.org", "X-AQBOARD-PROXY-SECRET": SECRET}, here)
    assert (told.person, told.identified_by, told.roles) == ("Ada@example.org", "proxy", ("lead",))
    for headers in (
        {"X-Remote-User": "ada@example.org"},
        {"X-Remote-User": "ada@example.org", "X-Aqboard-Proxy-Secret": ""},
        {"X-Remote-User": "ada@example.org", "X-Aqboard-Proxy-Secret": SECRET[:-1]},
        {"X-Remote-User": "ada@example.org", "X-Aqboard-Proxy-Secret": "ü" * 40},
        {"X-Remote-User": "ada@example.org", "X-Forwarded-For": "127.0.0.1"},
    ):
        with pytest.raises(IdentityError, match="did not come through"):
            from_proxy(headers, here)
    with pytest.raises(IdentityError, match="nobody is signed in"):
        from_proxy({"X-Aqboard-Proxy-Secret": SECRET}, here)


@pytest.mark.parametrize(
    ("mode", "text", "why"), [(0o644, SECRET, "read by others"), (0o600, "short", "32 characters")]
)
def test_a_secret_that_is_none_makes_nobody_believed(secret: Path, mode: int, text: str, why: str) -> None:
    secret.write_text(text)
    secret.chmod(mode)
    settings(mode="proxy", proxy={"secret_file": str(secret)})
    with pytest.raises(IdentityError, match=why):
        from_proxy({"X-Forwarded-User": "ada", "X-Aqboard-Proxy-Secret": text}, installation())
    secret.unlink()
    with pytest.raises(IdentityError, match="cannot be read"):
        from_proxy({"X-Forwarded-User": "ada"}, installation())


def test_claims_count_by_a_verified_e_mail_or_the_subject() -> None:
    settings(mode="oidc", roles={"ada@example.org": ["lead"]})
    here = installation()
    ada = from_claims({"name": "Ada", "email": "ada@example.org", "email_verified": True, "sub": "1"}, here)
    assert (ada.person, ada.subject, ada.roles) == ("Ada (ada@example.org)", "ada@example.org", ("lead",))
    unverified = from_claims({"name": "Ada", "email": "ada@example.org", "sub": "7"}, here)
    assert (unverified.subject, unverified.roles) == ("7", ())
    with pytest.raises(IdentityError, match="named nobody"):
        from_claims({"name": "Ada", "email": "ada@example.org"}, here)


def test_a_plan_names_roles_only_where_the_installation_does_not() -> None:
    policy = Policy(people={"Grace": ("lead",)})
    assert with_roles(typed(" grace "), policy, installation()).roles == ("lead",)
    settings(mode="account")
    assert with_roles(KATHERINE, Policy(people={"Katherine": ("lead",)}), installation()).roles == ()


def test_where_people_have_accounts_a_typed_name_decides_nothing(tmp_path: Path) -> None:
    from aqboard.signing.accounts import add

    settings(mode="account", policy={"approvals": [{"role": "lead"}]})
    with Store(tmp_path / "b.db", create=True) as store:
        number = add_attempt(store, tmp_path / "in", findings())
        with pytest.raises(LaunchError, match="nobody's account"):
            decide(store, number, person=GRACE, decision=Decision.GO, now=WHEN)
        add(store, "ada", person="Ada", roles=["lead"], password="x" * 12)
        for who, why in (
            (person("Grace", by="none"), "identified by none; here only account"),
            (person("Grace", by="os-user"), "identified by os-user"),
            (ADA, "author"),
        ):
            with pytest.raises(LaunchError, match=why):
                decide(store, number, person=who, decision=Decision.GO, now=WHEN)
        with pytest.raises(LaunchError, match="here only account"):
            decide(store, number, person="Grace", decision=Decision.NO_GO, now=WHEN)
        first = decide(store, number, person=KATHERINE, decision=Decision.GO, now=WHEN)
        assert first.script is None
        assert [step.what for step in first.between] == [
            "GO is missing from 1 person with the role lead (1 of 2 given)."
        ]
        assert decide(store, number, person=GRACE, decision=Decision.GO, now=WHEN).script is not None


def test_roles_that_are_asked_for_on_top_are_in_the_seal(tmp_path: Path) -> None:
    from aqboard.signing.clearance import clearance_of

    with Store(tmp_path / "b.db", create=True) as store:
        number = add_attempt(store, tmp_path / "in", findings())
        decide(store, number, person=GRACE, decision=Decision.GO, now=WHEN)
        assert clearance_of(store.attempt(number), WHEN).between == ()
        settings(policy={"signoff_hours": 12})
        assert clearance_of(store.attempt(number), WHEN).standings[0].why == (
            "Void: the policy changed since this was signed."
        )
