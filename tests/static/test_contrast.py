"""The colours of tokens.css have the contrast that the look asks for."""

from __future__ import annotations

import re

import pytest

from tests.static.pages import STATIC

LIGHT, DARK = 0, 1
PAIRS = re.compile(r"--([\w]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\);")
TOKENS = {
    token: (light, dark) for token, light, dark in PAIRS.findall((STATIC / "css" / "tokens.css").read_text(encoding="utf-8"))
}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("token", "light", "dark"),
    # the ratios on surface that the look states
    [
        ("text", 17.41, 14.76),
        ("text2", 8.09, 8.72),
        ("text3", 5.29, 5.83),
        ("accent", 5.99, 7.71),
        ("red", 5.73, 6.52),
        ("green", 5.75, 7.88),
        ("warn", 6.39, 9.56),
        ("stop", 7.27, 8.46),
        ("orange", 5.02, 8.05),
        ("blue", 5.77, 7.77),
    ],
)
def test_text_colours_have_the_stated_contrast_on_cards(token: str, light: float, dark: float) -> None:
    assert contrast(TOKENS[token][LIGHT], TOKENS["surface"][LIGHT]) == pytest.approx(light, abs=0.01)
    assert contrast(TOKENS[token][DARK], TOKENS["surface"][DARK]) == pytest.approx(dark, abs=0.01)


@pytest.mark.parametrize("mode", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["canvas", "surface", "fill"])
def test_text_is_readable_on_every_ground(mode: int, ground: str) -> None:
    for token in ("text", "text2", "text3"):
        assert contrast(TOKENS[token][mode], TOKENS[ground][mode]) >= 4.5


@pytest.mark.parametrize("mode", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "tint"), [(t, f"{t}bg") for t in ("accent", "warn", "stop", "red", "green", "orange", "blue")])
def test_words_in_chips_are_readable_on_their_tint(mode: int, ink: str, tint: str) -> None:
    assert contrast(TOKENS[ink][mode], TOKENS[tint][mode]) >= 4.5


@pytest.mark.parametrize("mode", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_of_controls_stand_out_from_cards(mode: int) -> None:
    assert contrast(TOKENS["ctl"][mode], TOKENS["surface"][mode]) >= 3
