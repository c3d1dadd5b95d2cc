"""Words that adverts had better not say: claims that nobody can prove. They stand in `prompts/claims.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter, field_validator

from studio.prompts import Entry, validated, words_file
from studio.refusals import Refusal

FILE = "claims.yaml"


class _Claim(Entry):
    reason: str
    words: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = Field(min_length=1)

    @field_validator("words")
    @classmethod
    def _have_letters(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not any(letter.isalnum() for letter in word):
                raise ValueError(f"“{word}” has no letters")
        return words


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A word that was found, and what is wrong with it."""

    word: str
    reason: str

    def __str__(self) -> str:
        return f"“{self.word}”: {self.reason}"


@lru_cache(maxsize=4)
def load_claims(folder: Path | None = None) -> tuple[Refusal, ...]:
    """Reads `claims.yaml`, the user's own in `folder` if there is one. Raises PromptsError."""
    read = validated(words_file(FILE, folder), TypeAdapter(dict[str, _Claim]))
    return tuple(Refusal(subject=kind, reason=claim.reason, words=claim.words) for kind, claim in read.items())


def flags(text: str, claims: tuple[Refusal, ...]) -> list[Flag]:
    """The claims in a text, the first word of each kind."""
    return [Flag(word=word, reason=claim.reason) for claim in claims if (word := claim.found_in(text)) is not None]
