"""How adverts will look, while their words are typed: small, of the first product, and nothing is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from PIL import Image

from studio import imaging
from studio.campaign.campaign import Campaign
from studio.campaign.fonts import Fonts
from studio.campaign.plan import Plan
from studio.campaign.sources import Darkroom, Picture, darkroom_of
from studio.request import GenerationRequest

if TYPE_CHECKING:
    from studio.campaign.advert import Advert
    from studio.service import Studio

#: Adverts that are shown, each of another shape, and pixels along their longer side.
COUNT, SIDE = 3, 420
#: Pixels of the longer side of a photo: more are not seen.
_PHOTO = 700
_REMEMBERED = 8

_Value = TypeVar("_Value")


class AdvertPreview:
    """Draws previews; remembers the last few pictures and where the product is in them, so that a word costs little."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._fonts = Fonts()
        self._known: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = Lock()

    def draw(self, plan: Plan) -> list[Advert]:
        """The first adverts of a plan, of a product that takes no long look. Raises StudioError."""
        studio = self._studio
        campaign = Campaign(
            plan,
            darkroom=self._darkroom(),
            prompts=studio.prompts,
            signer=studio.signer,
            folder=studio.settings.prompts_dir,
            fonts=self._fonts,
        )
        return list(campaign.preview(SIDE, COUNT))

    def _darkroom(self) -> Darkroom:
        """Like that of a campaign; but what is drawn isn't kept, photos are small, and nothing goes through the
        upscaler."""
        real = darkroom_of(self._studio)

        def drawn(prompt: str, seed: int) -> Picture:
            (image,) = self._studio.preview(GenerationRequest(prompt=prompt, count=1, seed=seed))
            attributes = image.recipe.attributes or self._studio.prompts.known(prompt)
            return Picture(image=image.image, origin="drawn", attributes=attributes, made={})

        def kept(sha256: str) -> Picture:
            picture = real.kept(sha256)
            small = picture.image.copy()
            small.thumbnail((_PHOTO, _PHOTO), Image.Resampling.LANCZOS)
            return replace(picture, image=small)

        def draw_once(prompt: str, seed: int) -> Picture:
            return self._once(("drawn", prompt, seed), lambda: drawn(prompt, seed))

        def kept_once(sha256: str) -> Picture:
            return self._once(("kept", sha256), lambda: kept(sha256))

        def mask_once(image: Image.Image) -> Image.Image:
            return self._once(("mask", imaging.pixels_sha256(image)), lambda: real.product_mask(image))

        return replace(real, draw=draw_once, kept=kept_once, product_mask=mask_once, upscale=None)

    def _once(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]  # pyright: ignore[reportReturnType]
        made = make()
        with self._lock:
            self._known[key] = made
            while len(self._known) > 2 * _REMEMBERED:
                self._known.popitem(last=False)
        return made
