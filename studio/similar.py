"""Finds images in the library by their meaning, and by what they look like."""

from __future__ import annotations

import logging
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING

from studio import imaging
from studio.errors import InputError
from studio.library.vectors import ImageVectors, VectorIndex

if TYPE_CHECKING:
    from PIL import Image

    from studio.library import Library
    from studio.library.search import Found, Search
    from studio.likeness import Likeness, Vectors
    from studio.prompts import Prompts
    from studio.request import Recipe

logger = logging.getLogger(__name__)

#: Images that are looked at together, and seconds that a search waits for those that nobody looked at yet.
_BATCH = 32
PATIENCE = 2.0

#: Texts with a smaller cosine have nothing in common: of captions "dragon" comes up to 0.25 near, "gift for her" 0.34,
#: "timepiece" 0.54 (of a watch).
_RELATED = 0.3


class Similar:
    """Searches by nearness. What is new in the library is looked at when somebody searches.

    Every method raises StudioError where library or weights can't be used.
    """

    def __init__(self, library: Library, likeness: Likeness, prompts: Prompts) -> None:
        self._library = library
        self._likeness = likeness
        self._prompts = prompts
        self._looking = threading.Lock()
        self._unreadable: set[str] = set()

    def by_meaning(self, search: Search) -> Found:
        """The images that say what the words of `search` say, in other words too; nearest first."""
        (vector,) = self._likeness.of_texts([self._prompts.canonical(search.words)])
        with self._library.plain_words():
            ranked = self._index.nearest("meaning", vector, _RELATED)
        return self._library.nearest(search, ranked)

    def look(self, image: Image.Image) -> Vectors:
        """The vector of a picture (PIL RGB), for `by_look`."""
        return self._likeness.of_images([image])[0]

    def by_look(self, search: Search, look: Vectors) -> Found:
        """The images that look like the picture of this vector, whatever words `search` has; nearest first."""
        with self._library.plain_words():
            ranked = self._index.nearest("look", look)
        return self._library.nearest(search, ranked)

    def catch_up(self) -> int:
        """Looks at images that nobody looked at yet, for two seconds; goes on in a thread of its own where some are
        left, and returns how many."""
        deadline = time.monotonic() + PATIENCE
        while (left := self._look_at_some()) > 0 and time.monotonic() < deadline:
            pass
        if left > 0 and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look_at_all, daemon=True).start()
        return left

    def _look_at_all(self) -> None:
        try:
            began = time.monotonic()
            while self._look_at_some() > 0:
                time.sleep(2 * (time.monotonic() - began))  # what somebody waits for goes first
                began = time.monotonic()
        except Exception:
            logger.exception("the library could not be looked through")
        finally:
            self._looking.release()

    def _look_at_some(self) -> int:
        """Keeps vectors of the newest images that have none; returns how many are left."""
        with self._library.plain_words():
            images, total = self._index.missing(_BATCH + len(self._unreadable))
        images = [sha256 for sha256 in images if sha256 not in self._unreadable][:_BATCH]
        if not images:
            return 0
        opened = [(sha256, *found) for sha256 in images if (found := self._open(sha256))]
        self._unreadable |= set(images) - {sha256 for sha256, _, _ in opened}
        if opened:
            texts = list(dict.fromkeys(text for _, text, _ in opened))
            meanings = dict(zip(texts, self._likeness.of_texts(texts), strict=True))
            looks = self._likeness.of_images([image for _, _, image in opened])
            pairs = zip(opened, looks, strict=True)
            rows = [ImageVectors(sha256, meanings[text], look) for (sha256, text, _), look in pairs]
            with self._library.plain_words():
                self._index.add(rows)
        return total - len(opened) - len(self._unreadable)

    def _open(self, sha256: str) -> tuple[str, Image.Image] | None:
        recipe = self._library.recipe(sha256)
        try:
            image = imaging.decode(self._library.files.read(sha256))
        except (OSError, InputError):
            return None
        return (_meaning(recipe), image) if recipe else None

    @cached_property
    def _index(self) -> VectorIndex:
        return VectorIndex(self._library.database, self._likeness.version)


def _meaning(recipe: Recipe) -> str:
    """The words that were drawn, in the model's English where there are such, with what the seed added."""
    text = recipe.parameters.get("model_prompt")
    return text if isinstance(text, str) else recipe.prompt
