from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from studio.campaign.channels import Channel, load_channels
from studio.campaign.encoding import encoded, format_of
from studio.errors import InputError
from studio.provenance import COMPOSITE, DRAWN
from studio.signature import Signer

CHANNELS = load_channels().all
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (250, 300, 3), dtype=np.uint8))


def channel(**given: object) -> Channel:
    return CHANNELS["iab_medium_rectangle"].model_copy(update=given)


def test_white_grounds_are_written_exactly_and_others_as_the_channel_prefers() -> None:
    assert format_of(CHANNELS["amazon_main"]) == "png"
    assert format_of(CHANNELS["tiktok_photo"]) == "jpg"
    assert format_of(channel(formats=("webp", "jpg"))) == "webp"


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("source", [DRAWN, COMPOSITE])
def test_every_format_carries_mark_and_signature(kind: str, source: str, signer: Signer) -> None:
    image = Image.new("RGB", (300, 250), (200, 30, 40))
    data, written = encoded(image, channel(formats=(kind,)), source=source, signer=signer)
    read = Image.open(BytesIO(data))
    assert written == kind and read.size == (300, 250)
    packet = read.info.get("xmp") or read.info["XML:com.adobe.xmp"]
    assert f"<Iptc4xmpExt:DigitalSourceType>{source}<" in (packet if isinstance(packet, str) else packet.decode())
    signature = signer.verify(data, Image.MIME[read.format or ""])
    assert signature is not None and signature.state == "intact" and signature.own
    assert b"prompt" not in data.lower()


def test_a_file_keeps_to_the_bytes_that_its_channel_takes(signer: Signer) -> None:
    large, _ = encoded(NOISE, channel(max_bytes=10**6), source=DRAWN, signer=signer)
    small, _ = encoded(NOISE, channel(max_bytes=60_000), source=DRAWN, signer=signer)
    assert len(small) <= 60_000 < len(large)
    as_jpeg, kind = encoded(NOISE, channel(formats=("png", "jpg"), max_bytes=150_000), source=DRAWN, signer=signer)
    assert kind == "jpg" and len(as_jpeg) <= 150_000
    with pytest.raises(InputError, match="as small as the 9,000 bytes"):
        encoded(NOISE, channel(max_bytes=9_000), source=DRAWN, signer=signer)
