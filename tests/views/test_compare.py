from aqboard.views.tables.compare import ABSENT, flattened


def test_a_plan_becomes_dotted_keys():
    nested = {"a": {"b": 1, "c": [True, {"d": None}]}, "e": [], "f": "x"}
    assert flattened(nested) == {"a.b": "1", "a.c[0]": "True", "a.c[1].d": ABSENT, "e": ABSENT, "f": "x"}
