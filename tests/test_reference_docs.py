"""The generated pages of the documentation are those that the code gives now."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from tools import reference_docs
from tools.plan_reference import field_docstrings
from tools.reference_docs import FOLDER, GENERATED, PAGES, page


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == page(name), f"docs/{name} is stale; run `make docs`"


def test_a_page_says_that_it_is_generated_and_the_others_do_not() -> None:
    marked = {file.name for file in FOLDER.glob("*.md") if file.read_text(encoding="utf-8").startswith(GENERATED)}
    assert marked == set(PAGES)


def test_only_stale_pages_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(reference_docs, "FOLDER", tmp_path)
    reference_docs.main()
    assert capsys.readouterr().out.splitlines() == [f"wrote docs/{name}" for name in PAGES]
    (tmp_path / "plan.md").write_text("edited by hand")
    reference_docs.main()
    assert capsys.readouterr().out == "wrote docs/plan.md\n"
    assert (tmp_path / "plan.md").read_text(encoding="utf-8") == page("plan.md")


class Undescribed(BaseModel):
    known: int = 1
    """It has a meaning."""
    unknown: int = 2


def test_a_key_without_a_meaning_is_refused() -> None:
    with pytest.raises(LookupError, match=r"Undescribed\.unknown has no docstring"):
        field_docstrings(Undescribed)
