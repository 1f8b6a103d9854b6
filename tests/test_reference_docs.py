"""The generated pages of the documentation are those that the code gives now."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from tools import draw_packages, reference_docs
from tools.plan_reference import field_docstrings
from tools.reference_docs import DRAWN, FOLDER, GENERATED, PAGES, page


@pytest.mark.parametrize("name", [*PAGES, *DRAWN])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == page(name), f"docs/{name} is stale; run `make docs`"


def test_a_page_says_that_it_is_generated_and_the_others_do_not() -> None:
    marked = {file.name for file in FOLDER.glob("*.md") if file.read_text(encoding="utf-8").startswith(GENERATED)}
    assert marked == set(PAGES)


def test_only_stale_pages_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (tmp_path / "architecture.md").write_text(f"By hand.\n{draw_packages.BEGIN}\nold\n{draw_packages.END}\nBy hand.\n")
    monkeypatch.setattr(reference_docs, "FOLDER", tmp_path)
    reference_docs.main()
    assert capsys.readouterr().out.splitlines() == [f"wrote docs/{name}" for name in (*PAGES, *DRAWN)]
    drawn = (tmp_path / "architecture.md").read_text(encoding="utf-8")
    assert drawn == f"By hand.\n{draw_packages.BEGIN}\n{draw_packages.drawing()}\n{draw_packages.END}\nBy hand.\n"
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


def test_a_page_that_lost_the_marks_of_its_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly once"):
        draw_packages.page("No marks here.")


def test_the_drawing_leaves_out_what_a_longer_way_reaches_and_refuses_a_circle() -> None:
    assert draw_packages.reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}
    with pytest.raises(ValueError, match=r"circle: a, b"):
        draw_packages.reduced({"a": {"b"}, "b": {"a"}})


def test_the_table_of_packages_is_the_contract() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (FOLDER / "architecture.md").read_text(encoding="utf-8"), re.M)
    listed = [tuple(re.findall(r"`(\w+)`", row)) for row in rows]
    layers = draw_packages.layers()
    first = listed.index(layers[0])
    assert tuple(listed[first : first + len(layers)]) == layers
