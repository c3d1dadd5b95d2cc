"""The networks that edit, untrained: they fill smoothly, are in doubt everywhere, and enlarge like bicubic."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.backends.retoucher import INPAINTER, PRODUCT_MASK, UPSCALER, Retoucher
from studio.errors import WeightsError
from studio.models.inpainter import Inpainter
from studio.models.product_mask import ProductMask
from studio.models.upscaler import Upscaler
from studio.models.weights import save_weights


@pytest.fixture(scope="module")
def retoucher(tmp_path_factory: pytest.TempPathFactory) -> Retoucher:
    folder = tmp_path_factory.mktemp("weights")
    for name, network in ((INPAINTER, Inpainter()), (PRODUCT_MASK, ProductMask()), (UPSCALER, Upscaler())):
        save_weights(folder / name, network, note="untrained")
    return Retoucher(folder)


def photo() -> Image.Image:
    """A slope from left to right and from top to bottom: no turn and no mirror image of it is it."""
    y, x = np.mgrid[:40, :56]
    return Image.fromarray(np.stack([4 * x, 5 * y, x + y], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("seed", range(9))
def test_whichever_way_the_network_looks_the_picture_comes_back_upright(retoucher: Retoucher, seed: int) -> None:
    mask = Image.new("L", (56, 40))
    mask.paste(255, (20, 15, 32, 25))

    filled = np.asarray(retoucher.fill(photo(), mask, seed)).astype(int)

    outside = np.asarray(mask) == 0
    assert np.array_equal(filled[outside], np.asarray(photo())[outside])
    assert np.abs(filled - np.asarray(photo())).max() < 40  # the slope goes on through the hole, more or less


def test_masks_are_as_large_as_the_picture_and_enlarged_ones_larger(retoucher: Retoucher) -> None:
    assert retoucher.product_mask(photo()).size == (56, 40)
    assert retoucher.upscale(photo(), 4).size == (224, 160)


def test_its_hash_is_that_of_all_files_and_no_other(retoucher: Retoucher, tmp_path: Path) -> None:
    for name in (INPAINTER, PRODUCT_MASK, UPSCALER):
        (tmp_path / name).write_bytes(name.encode())
    before = Retoucher(tmp_path).model_sha256
    (tmp_path / UPSCALER).write_bytes(b"another")

    assert Retoucher(tmp_path).model_sha256 != before != retoucher.model_sha256


def test_missing_weights_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Install the studio again"):
        _ = Retoucher(tmp_path).model_sha256
    with pytest.raises(WeightsError, match="Install the studio again"):
        Retoucher(tmp_path).upscale(photo(), 2)
