"""`aqboard digest` from the outside."""

import hashlib
import json

import typer
from typer.testing import CliRunner

from aqboard.cli import digest

app = typer.Typer()
app.command("digest")(digest.digest)


def test_digests_of_several_files(tmp_path, monkeypatch):
    monkeypatch.setenv("AQBOARD_CACHE_DIR", str(tmp_path / "memory"))
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(path.name.encode() * 100)
    done = CliRunner().invoke(app, [*map(str, paths), "--json"])
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert [entry["md5"] for entry in found] == [hashlib.md5(path.read_bytes()).hexdigest() for path in paths]
    assert found[0]["sha256"] in CliRunner().invoke(app, [str(paths[0])]).stdout
