"""The table of settings is complete, and nothing but `aqboard.settings` reads what it lists."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aqboard
from aqboard import settings
from aqboard.settings import NO_NAME, SETTINGS, SETTINGS_FILES, login_name

PROJECT = Path(aqboard.__file__).parent.parent
NAME = re.compile(r"AQBOARD_[A-Z0-9_]*[A-Z0-9]")
NAMES = {setting.name for setting in SETTINGS}
PLACES = ("aqboard", "tools", "benchmarks", "tests", "docs", "examples", "pages", "app.py", "Makefile", "README.md")
MODULES = [path for path in (PROJECT / "aqboard").rglob("*.py") if path != Path(settings.__file__)]


def texts() -> Iterator[tuple[Path, str]]:
    for place in PLACES:
        found = PROJECT / place
        for path in found.rglob("*") if found.is_dir() else [found]:
            if path.is_file() and path.suffix != ".pyc" and path != Path(settings.__file__):
                yield path, path.read_text(encoding="utf-8", errors="ignore")


def test_every_name_is_in_the_table_and_every_entry_is_used() -> None:
    met: dict[str, Path] = {name: path for path, text in texts() for name in NAME.findall(text)}
    assert {name: path for name, path in met.items() if name not in NAMES} == {}
    own = {value for value in vars(settings).values() if isinstance(value, str) and NAME.fullmatch(value)}
    assert own <= NAMES
    assert own | set(met) >= NAMES


def test_every_entry_says_all_and_no_name_appears_twice() -> None:
    assert len(NAMES) == len(SETTINGS)
    assert all(all(setting) for setting in SETTINGS)
    assert all(file.name and file.meaning and file.read_by for file in SETTINGS_FILES)
    assert {file.named_by for file in SETTINGS_FILES} - {""} <= NAMES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_other_module_reads_a_setting(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "aqboard.settings"
        for alias in node.names
    }
    for node in ast.walk(tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value)
        assert not literal, f"line {node.lineno}: import the name from aqboard.settings"
        for key in asked_for(node):
            named = isinstance(key, ast.Name) and key.id in imported
            assert not named, f"line {node.lineno}: ask a function of aqboard.settings"


def asked_for(node: ast.AST) -> list[ast.expr]:
    """The key with which a piece of code asks the environment, or anything that looks like it."""
    if isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value).lower():
        return [node.slice]
    if isinstance(node, ast.Call) and node.args:
        asked = ast.unparse(node.func).lower()
        if "getenv" in asked or ("environ" in asked and asked.endswith((".get", ".pop", ".setdefault"))):
            return node.args[:1]
    return []


def test_the_boards_environment_carries_the_token_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.TOKEN, "left over from another board")
    for token in (None, "t" * 32):
        environment = settings.board_environment(Path("x.db"), token)
        assert (environment[settings.DATABASE], environment.get(settings.TOKEN)) == ("x.db", token)
    assert settings.take_token() == "left over from another board"
    assert (settings.token(), settings.take_token()) == (None, "")


def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for setting in SETTINGS:
        monkeypatch.setenv(setting.name, "")
    assert settings.config_folder() == settings.cache_folder() == tmp_path / "aqboard"
    assert settings.default_database().name == "aqboard.db"
    assert settings.scripts_folder(tmp_path / "x.db") == tmp_path / "scripts"
    assert (settings.targets_file(), settings.guard_manifest(), settings.search_roots()) == (None, None, ())
    assert not (settings.one_machine() or settings.in_canary() or settings.profiles_folder() or settings.log_setting())


def test_what_is_named_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths: dict[str, Callable[[], Path | None]] = {
        settings.DATABASE: settings.default_database,
        settings.CONFIG: settings.config_folder,
        settings.CACHE: settings.cache_folder,
        settings.SCRIPTS: lambda: settings.scripts_folder(Path("x.db")),
        settings.TARGETS: settings.targets_file,
        settings.MANIFEST: settings.guard_manifest,
    }
    for name, read in paths.items():
        monkeypatch.setenv(name, str(tmp_path / name))
        assert read() == tmp_path / name
    assert settings.search_roots({settings.SEARCH_ROOTS: "/a::/b c:"}) == (Path("/a"), Path("/b c"))


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no such user")])
def test_an_account_without_a_name_has_one_word(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise error

    assert login_name() not in ("", NO_NAME)
    monkeypatch.setattr("getpass.getuser", nobody)
    assert login_name() == NO_NAME
