"""A tiny model of Segment Anything, untrained: what the studio asks of it is what transformers would be asked."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import SamConfig, SamModel, SamProcessor

from studio.backends.base import Hints
from studio.backends.retoucher import INPAINTER, PRODUCT_MASK, UPSCALER, Retoucher
from studio.errors import WeightsError
from studio.models.errors import SnapshotError
from studio.models.inpainter import Inpainter
from studio.models.product_mask import ProductMask
from studio.models.segment_anything import SegmentAnything
from studio.models.upscaler import Upscaler
from studio.models.weights import save_weights

SIDE = 64
BOX = (10.0, 5.0, 40.0, 30.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As facebook/sam-vit-base is laid out on the hub."""
    folder = tmp_path_factory.mktemp("models") / "sam"
    config = SamConfig(
        vision_config={
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 8,
            "output_channels": 16,
            "mlp_dim": 32,
            "window_size": 4,
            "global_attn_indexes": [1],
            "num_pos_feats": 8,
            "initializer_range": 0.3,
        },
        prompt_encoder_config={"hidden_size": 16, "image_size": SIDE, "patch_size": 8, "image_embedding_size": 8},
        mask_decoder_config={"hidden_size": 16, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
        initializer_range=0.3,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        SamModel(config).save_pretrained(folder)
    processor = {
        "image_processor_type": "SamImageProcessor",
        "processor_class": "SamProcessor",
        "size": {"longest_edge": SIDE},
        "pad_size": {"height": SIDE, "width": SIDE},
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
        **dict.fromkeys(("do_resize", "do_rescale", "do_normalize", "do_pad", "do_convert_rgb"), True),
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    return folder


@pytest.fixture
def photo() -> Image.Image:
    """Wider than high, a bright square on a dark ground."""
    pixels = np.full((48, 80, 3), 40, np.uint8)
    pixels[8:40, 10:42] = (220, 180, 60)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("include", "exclude"), [((), ()), (((30.0, 20.0),), ()), (((30.0, 20.0), (35.0, 22.0)), ((2.0, 3.0),))]
)
def test_it_says_what_the_model_says(
    folder: Path, photo: Image.Image, include: tuple[tuple[float, float], ...], exclude: tuple[tuple[float, float], ...]
) -> None:
    found = SegmentAnything.load(str(folder)).mask(photo, BOX, include, exclude)

    processor, model = SamProcessor.from_pretrained(folder), SamModel.from_pretrained(folder)
    points = [list(each) for each in (*include, *exclude)]
    prompts = {"input_points": [[points]], "input_labels": [[[1] * len(include) + [0] * len(exclude)]]}
    given = processor(photo, input_boxes=[[list(BOX)]], return_tensors="pt", **(prompts if points else {}))  # pyright: ignore
    given = {name: each.float() if each.is_floating_point() else each for name, each in given.items()}
    with torch.no_grad():
        bare = model(**given, multimask_output=False).pred_masks[0, 0].sigmoid()

    # It looks at a square of 64, of which 38 rows are picture, and answers in one of 32.
    assert bare.shape == (1, 32, 32) and given["reshaped_input_sizes"].tolist() == [[38, 64]]
    assert torch.equal(found, bare[:, :19]) and found.std() > 0.01


def test_of_one_picture_it_keeps_what_it_saw(folder: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    model = SegmentAnything.load(str(folder))
    looks: list[int] = []
    look = SamModel.get_image_embeddings
    monkeypatch.setattr(SamModel, "get_image_embeddings", lambda *given: looks.append(1) or look(*given))

    alone = model.mask(photo, BOX)
    clicked = model.mask(photo, BOX, [(30.0, 20.0)])
    other = model.mask(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT), BOX)

    assert len(looks) == 2
    assert not torch.equal(alone, clicked) and not torch.equal(alone, other)
    assert torch.equal(model.mask(photo, BOX), alone)


def retoucher(weights: Path, mask_model: str | None) -> Retoucher:
    for name, network in ((INPAINTER, Inpainter()), (PRODUCT_MASK, ProductMask()), (UPSCALER, Upscaler())):
        save_weights(weights / name, network, note="untrained")
    return Retoucher(weights, mask_model=mask_model)


def test_where_one_is_named_it_cuts_products_out(folder: Path, photo: Image.Image, tmp_path: Path) -> None:
    embedded, larger = retoucher(tmp_path, None), retoucher(tmp_path, str(folder))
    masks = [each.product_mask(photo, hints) for each in (embedded, larger) for hints in (Hints(), Hints(((30, 20),)))]

    assert {mask.size for mask in masks} == {photo.size}
    assert masks[2].tobytes() not in (masks[0].tobytes(), masks[3].tobytes())
    assert larger.product_mask_sha256 == SegmentAnything.load(str(folder)).sha256 != embedded.product_mask_sha256


def test_what_cannot_be_used_is_said_in_words(
    folder: Path, tiny_text_encoder: Path, photo: Image.Image, tmp_path: Path
) -> None:
    with pytest.raises(SnapshotError, match="not one of Segment Anything"):
        SegmentAnything.load(str(tiny_text_encoder))
    with pytest.raises(SnapshotError, match="NAME@ and 40 hex digits"):
        SegmentAnything.load("facebook/sam-vit-base")
    pickled = Path(shutil.copytree(folder, tmp_path / "pickled"))
    torch.save(SamModel.from_pretrained(folder).state_dict(), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    with pytest.raises(SnapshotError, match="can't be read"):
        SegmentAnything.load(str(pickled))
    with pytest.raises(WeightsError, match="STUDIO_MASK_MODEL"):
        retoucher(tmp_path, str(tmp_path / "nothing")).product_mask(photo)
