import io
import json
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import c2pa
import pytest
from PIL import Image

from studio import imaging, provenance
from studio.errors import StudioError
from studio.secret_file import secret_file
from studio.signature import Signature, Signer
from tests.test_request import RECIPE

IMAGE = Image.effect_noise((64, 64), 60).convert("RGB")
PNG = provenance.to_png(IMAGE, RECIPE)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("data"))


def test_a_signed_file_is_intact_and_says_that_ai_made_it(signer: Signer) -> None:
    signed = signer.sign(PNG)

    assert signer.verify(signed, "image/png") == Signature(state="intact", signer="Product image studio", own=True)
    assert imaging.max_difference(imaging.decode(signed), IMAGE) == 0
    assert provenance.read_recipe(signed) == RECIPE
    assert len(signed) - len(PNG) < 5000
    found = json.loads(c2pa.Reader("image/png", io.BytesIO(signed)).json())
    (assertion,) = found["manifests"][found["active_manifest"]]["assertions"]
    assert assertion["data"]["actions"] == [{"action": "c2pa.created", "digitalSourceType": provenance.DRAWN}]
    codes = {status["code"] for status in found["validation_status"]}
    assert codes == {"signingCredential.untrusted"}  # nobody vouches for an installation's own certificate
    start = signed.index(b"caBX")
    (length,) = struct.unpack(">I", signed[start - 4 : start])
    assert b"Becher" not in signed[start : start + length] and b"azimuth" not in signed[start : start + length]


def test_every_change_is_noticed(signer: Signer) -> None:
    signed = signer.sign(PNG)
    pixels, text = signed.index(b"IDAT") + 100, signed.index(b"studio-recipe") + 40
    for place in (pixels, text, signed.index(b"caBX") + 900):
        altered = bytearray(signed)
        altered[place] ^= 1
        found = signer.verify(bytes(altered), "image/png")
        assert found and found.state == "altered" and not found.own


def test_what_was_never_signed_or_saved_again_has_no_signature(signer: Signer) -> None:
    again = io.BytesIO()
    Image.open(io.BytesIO(signer.sign(PNG))).save(again, "PNG")

    assert signer.verify(PNG, "image/png") is None
    assert signer.verify(again.getvalue(), "image/png") is None


def test_anothers_signature_is_intact_and_not_our_own(signer: Signer, tmp_path: Path) -> None:
    found = Signer(tmp_path).verify(signer.sign(PNG), "image/png")

    assert found == Signature(state="intact", signer="Product image studio", own=False)
    assert not any(tmp_path.iterdir())  # looking makes no key


def test_strangers_get_a_signature_of_their_own(signer: Signer) -> None:
    public = provenance.without_recipe(signer.sign(PNG))

    assert signer.verify(public, "image/png") is None
    found = signer.verify(signer.sign(public), "image/png")
    assert found and found.state == "intact"


def test_the_key_is_the_owners_alone_and_stays(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        signed = list(threads.map(lambda _: Signer(tmp_path).sign(PNG), range(4)))

    key = tmp_path / "signing.pem"
    assert [path.name for path in tmp_path.iterdir()] == [key.name]
    assert key.stat().st_mode & 0o777 == 0o600
    assert all(found and found.own for found in (Signer(tmp_path).verify(each, "image/png") for each in signed))


def test_a_key_can_lie_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    path = tmp_path / "a.key"
    assert secret_file(path, lambda: b"first") == secret_file(path, lambda: b"second") == b"first"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_an_error_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "signing.pem").write_text("no key")

    with pytest.raises(StudioError, match=r"signing\.pem"):
        Signer(tmp_path).sign(PNG)
