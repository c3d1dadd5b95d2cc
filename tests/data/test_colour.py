import pytest
import torch
from torch import Tensor

from studio.data.colour import distance_to_named, median_name, name_shares, to_lab
from studio.world.scene import COLOURS

NAMES = list(COLOURS)


def _flat(rgb: tuple[int, int, int]) -> Tensor:
    return torch.tensor(rgb, dtype=torch.uint8)[:, None, None].expand(3, 8, 8).clone()


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # published values for sRGB under D65
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_to_lab_of_known_colours(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert to_lab(torch.tensor(rgb).float()).tolist() == pytest.approx(lab, abs=0.02)


def test_distance_counts_lightness_half() -> None:
    grey = to_lab(torch.tensor(COLOURS["grey"]) / 255)
    lighter = grey + torch.tensor([10.0, 0, 0])
    assert float(distance_to_named(lighter)[NAMES.index("grey")]) == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_each_named_colour_and_its_shade_bear_its_name(name: str) -> None:
    whole = torch.ones(8, 8, dtype=torch.bool)
    for light in (1.0, 0.9):
        image = (_flat(COLOURS[name]) * light).byte()
        assert median_name(image, whole) == NAMES.index(name)
        assert name_shares(image, whole)[NAMES.index(name)] == 1


def test_only_pixels_inside_the_mask_count() -> None:
    image = _flat(COLOURS["red"])
    image[:, :, 4:] = _flat(COLOURS["blue"])[:, :, 4:]
    mask = torch.zeros(8, 8, dtype=torch.bool)
    mask[:, :5] = True  # four columns of red, one of blue
    shares = name_shares(image, mask)
    assert shares[NAMES.index("red")] == pytest.approx(0.8)
    assert shares[NAMES.index("blue")] == pytest.approx(0.2)
    assert median_name(image, mask) == NAMES.index("red")


def test_an_empty_mask_names_nothing() -> None:
    empty = torch.zeros(8, 8, dtype=torch.bool)
    assert median_name(_flat(COLOURS["red"]), empty) is None
    assert name_shares(_flat(COLOURS["red"]), empty).sum() == 0
