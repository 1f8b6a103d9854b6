import pytest
from jinja2 import UndefinedError

from aqboard.launch.script import _ENVIRONMENT


def test_a_value_without_a_quoting_filter_cannot_be_written():
    with pytest.raises(TypeError, match="without a quoting filter"):
        _ENVIRONMENT.from_string("echo {{ value }}").render(value="plain")


def test_joining_text_to_a_quoted_value_loses_its_safety():
    with pytest.raises(TypeError, match="without a quoting filter"):
        _ENVIRONMENT.from_string("echo {{ (value | sh) ~ other }}").render(value="a", other="; touch x")


def test_a_misspelt_name_in_the_template_is_an_error():
    with pytest.raises(UndefinedError, match="'nodes' is undefined"):
        _ENVIRONMENT.from_string("{% if nodes %}{% endif %}").render(node=1)
    with pytest.raises(TypeError, match="StrictUndefined"):
        _ENVIRONMENT.from_string("{{ nodes | number }}").render(node=1)
