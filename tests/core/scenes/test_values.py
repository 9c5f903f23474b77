import pytest

from core.errors import UsageError
from core.scenes.model import BoolParameter, ColorParameter, FloatParameter, Scene, ShaderLayer
from core.scenes.values import linear_color, parse_assignments, validate_values

SCENE = Scene(
    name="s",
    title="S",
    layers=(
        ShaderLayer(
            name="a",
            title="A",
            fragment="",
            parameters=(
                FloatParameter(name="size", label="Size", default=1.0, max=2.0),
                ColorParameter(name="ink", label="Ink", default=(0.0, 0.0, 0.0)),
                BoolParameter(name="on", label="On", default=True),
            ),
        ),
    ),
)


def test_assignments_give_numbers_switches_and_linear_colours():
    values = parse_assignments(["a.size=1.5", "a.on=false", "a.ink=#ff8000", "a.size=0.5"])
    assert values["a.size"] == 0.5
    assert values["a.on"] is False
    assert values["a.ink"] == pytest.approx((1.0, 0.2158605, 0.0), abs=1e-6)
    assert validate_values(SCENE, values) == values


@pytest.mark.parametrize(
    "text", ["a.size", "size=1", "a.size=", "a.size=nan", "a.size=inf", "a.ink=#12345", "a.b.c=1"]
)
def test_text_that_sets_nothing_is_refused(text):
    with pytest.raises(UsageError):
        parse_assignments([text])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"a.sise": 1.0}, "a.size, a.ink, a.on"),
        ({"a.size": 2.5}, "0 to 2"),
        ({"a.size": True}, "0 to 2"),
        ({"a.on": 1.0}, "true or false"),
        ({"a.ink": 0.5}, "#rrggbb"),
        ({"a.ink": (0.0, 2.0, 0.0)}, "#rrggbb"),
    ],
)
def test_value_that_does_not_fit_is_refused_with_what_would(values, told):
    with pytest.raises(UsageError) as caught:
        validate_values(SCENE, values)
    assert told in caught.value.hint


def test_black_and_white_are_exact():
    assert linear_color("#000000") == (0.0, 0.0, 0.0)
    assert linear_color("#ffffff") == (1.0, 1.0, 1.0)
