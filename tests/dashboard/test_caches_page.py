"""The tab that reads two candidates again and shows what differs."""

import pytest

from tests.dashboard.conftest import words


@pytest.fixture
def differences(samples, open_page):
    """The caches page of the fixed attempt with its second tab open."""

    def opened():
        app = open_page("caches", samples.numbers["fixed"])
        app.session_state["cache-tabs"] = "What differs"
        return app.run()

    return opened


def test_the_order_that_the_model_applies_is_shown_direction_by_direction(samples, open_page):
    app = open_page("caches", samples.numbers["fixed"])
    app.session_state["cache-tabs"] = "Order applied"
    app.run()
    assert not app.exception
    rows = app.dataframe[-1].value
    assert rows["wind"].tolist() == ["east", "north", "west", "south"]
    assert set(rows["order as asked"]) == {"✅ yes"}
    assert "**strip-sector**" in words(app)


def test_by_default_the_plans_cache_is_held_against_one_of_other_content(differences):
    app = differences()
    assert not app.exception
    assert (app.selectbox(key="pair-first").value, app.selectbox(key="pair-second").value) == (0, 2)
    assert "❌ orders differ" in words(app)
    assert len(app.get("plotly_chart")) == 2


def test_equal_contents_need_no_picture(differences):
    app = differences()
    app.selectbox(key="pair-second").set_value(1).run()
    assert "✅ same content" in words(app) and "key order" in words(app)
    assert len(app.get("plotly_chart")) == 0


def test_a_file_that_changed_since_is_not_shown_as_the_one_that_was_checked(samples, differences):
    path = samples.database.parent / "inputs" / "reversed.pkl"
    path.write_bytes((samples.database.parent / "inputs" / "cache.pkl").read_bytes())
    app = differences()
    assert not app.exception
    assert "has changed since this attempt was checked" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x04cos\nsystem\n(S'touch marker'\ntR."])
def test_a_file_that_is_no_cache_any_more_is_told_in_a_sentence(content, samples, differences):
    path = samples.database.parent / "inputs" / "reversed.pkl"
    path.write_bytes(content)
    app = differences()
    assert not app.exception
    assert len(app.error) == 1 and len(app.get("plotly_chart")) == 0
    assert not (path.parent / "marker").exists()
