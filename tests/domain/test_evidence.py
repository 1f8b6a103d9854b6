"""Evidence of every kind, as databases hold it: written by 0.1 and still read, field by field."""

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aqboard.domain import evidence
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.kinds import EVIDENCE

STORED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "stored_evidence.json").read_text())
"""By kind, with every field that has been written so far. Never generated again: what it holds lies in databases."""


def defined() -> set[type[Evidence]]:
    """Every kind that a file of the package defines."""
    modules = [
        importlib.import_module(f"{evidence.__name__}.{found.name}")
        for found in pkgutil.iter_modules(evidence.__path__)
    ]
    things = [thing for module in modules for thing in vars(module).values()]
    return {
        thing for thing in things if isinstance(thing, type) and issubclass(thing, Evidence) and thing is not Evidence
    }


def test_every_kind_is_listed_once() -> None:
    assert set(EVIDENCE) == defined()
    assert len({kind.kind for kind in EVIDENCE}) == len(EVIDENCE)


def test_kinds_keep_their_names_and_order() -> None:
    assert [kind.kind for kind in EVIDENCE] == list(STORED)


@pytest.mark.parametrize("kind", EVIDENCE, ids=lambda kind: kind.kind)
def test_stored_evidence_is_still_read(kind: type[Evidence]) -> None:
    stored = STORED[kind.kind]
    assert kind.model_fields.keys() >= stored.keys()
    assert kind.model_validate(stored).model_dump(mode="json").items() >= stored.items()


@pytest.mark.parametrize("kind", EVIDENCE, ids=lambda kind: kind.kind)
def test_a_field_that_nobody_knows_is_refused(kind: type[Evidence]) -> None:
    with pytest.raises(ValidationError, match="misspelt"):
        kind.model_validate({**STORED[kind.kind], "misspelt": 1})
