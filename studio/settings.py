"""Where things lie and what is allowed: one frozen object, read from `STUDIO_*` environment variables."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

#: Of a picture from outside: 40 megapixels are 120 MB once it is decoded.
MAX_PIXELS = 40_000_000
#: Of a file with such a picture: 16 bits in each of four channels take no more, even without compression.
MAX_PICTURE_BYTES = 320 * 2**20


def packaged(name: Literal["prompts", "assets"]) -> Path:
    """The folder that came with the installation: inside the package of a wheel, at the top level of a checkout."""
    package = Path(str(files("studio")))
    inside = package / "_packaged" / name
    return inside if inside.is_dir() else package.parent / name


class Settings(BaseSettings):
    """Each field is read from the environment variable of its name with `STUDIO_` in front."""

    model_config = SettingsConfigDict(env_prefix="STUDIO_", frozen=True, env_ignore_empty=True)

    #: Everything that is made is kept here: `library.db` and `files/`.
    data_dir: Path = Field(default_factory=lambda: user_data_path("studio", appauthor=False))
    #: A folder of the user's own; a file of the same name replaces the one in `prompts/`.
    prompts_dir: Path | None = None
    #: A folder, or a hub name and commit (NAME@ and 40 hex digits); None is the one that comes with the installation.
    text_encoder: str | None = None
    #: Cuts products out in the embedded network's place: a folder or a hub name and commit of a Segment Anything model.
    mask_model: str | None = None
    #: `gan`, `gan:DIR` for a trained snapshot, `diffusion` for the embedded diffusion model, or
    #: `diffusion:MODEL[@REVISION]` for a diffusers folder or a model of the hub.
    backend: str = "gan"
    #: As torch names it: `cpu`, `cuda`, `cuda:1`, `mps`.
    device: str = "cpu"
    #: Most images one request may ask for.
    max_count: int = Field(default=64, ge=1)
    #: Most characters of a prompt.
    max_prompt_length: int = Field(default=1000, ge=1)
    #: Most pixels of a picture that is edited.
    max_pixels: int = Field(default=MAX_PIXELS, ge=1)
    #: Most bytes of a file that is dropped on the page.
    max_upload_bytes: int = Field(default=32 * 2**20, ge=1)
    #: The name of the site where a proxy on this computer passes requests on, such as studio.example.com.
    public_host: str | None = None
    #: Strangers use this studio: nobody sees what others made. There is no Library tab.
    open_to_all: bool = False
    #: How the world reaches this studio's share links, such as https://shares.example.com: a name of their own, under
    #: which nothing else answers. Without it links lead to the address of the page, and work where that does.
    share_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+$")
    #: Where the library's database is, as SQLAlchemy names it; None is `library.db` in `data_dir`.
    database_url: str | None = None
    #: Where the library's files are, as fsspec names it; None is `files` in `data_dir`.
    files_url: str | None = None
    #: Most requests that wait for their turn; further ones are told to come back.
    queue_size: int = Field(default=32, ge=1)
