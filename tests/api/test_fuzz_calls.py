"""Every function of the API with any JSON in place of one of its values."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.test_call_checks import parameters, post, served

__all__ = ["parameters", "served"]

TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["false", "3", "NaN", "a\u2028b", "\0", "\ud800", "embedded", "encoder", "/etc/passwd"]),
)
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([2**53, -(2**63), 10**30, 0.5, float("nan"), float("inf")]))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda parts: st.one_of(st.lists(parts, max_size=3), st.dictionaries(TEXTS, parts, max_size=2)),
    max_leaves=6,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_a_value_is_of_the_type_of_its_parameter_or_named(served, parameters, capfd, data: st.DataObject) -> None:
    for function, fitting in parameters.items():
        name = data.draw(st.sampled_from([*fitting]), label=function)
        value, usual = data.draw(VALUES), fitting[name]
        response = post(served, f"call/v2{function}", fitting | {name: value})
        assert response.status_code in (200, 422, 503)
        if response.status_code == 422:
            assert {each["parameter_name"] for each in response.json()["detail"]} == {name}
        elif isinstance(usual, bool | int | str | list):
            assert type(value) is type(usual)
    assert "Traceback" not in "".join(capfd.readouterr())
