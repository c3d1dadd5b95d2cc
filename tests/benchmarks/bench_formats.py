"""What other number formats, compilers, ONNX Runtime and pruning give for the model that ships: time, size, likeness.

Run this file on a quiet machine; `pip install onnxruntime onnx onnxscript` first, or those rows are left out. Times are
ratios to PyTorch in float32, taken in turns in this run; the likeness is the PSNR of the final images to its images.
"""

# ONNX Runtime is no requirement of the project.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

import copy
import io
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from studio.evaluation.metrics import psnr
from studio.models.adapter import Conditioning
from studio.models.generator import Generator
from studio.models.snapshot import Snapshot, load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.settings import packaged

PROMPTS = (
    "a glossy red ceramic mug on a marble counter",
    "a yellow wooden bowl on a wooden table, seen from above",
    "a navy leather handbag in a white studio, soft light",
    "a matte teal metal lamp, soft light from the left",
    "a purple plastic suitcase in front of a blue backdrop",
    "a white ceramic teapot on a concrete floor",
)
ROUNDS = 15


@dataclass(frozen=True, kw_only=True)
class Form:
    """A network in some form: `run` is called with what the network is called with; `size` are bytes on disk."""

    name: str
    run: Callable[..., Tensor]
    size: int


def size_of(module: nn.Module, bits: int | None = None) -> int:
    """Bytes of a module as saved, or with `bits` of each number."""
    if bits:
        return sum(each.numel() for each in module.parameters()) * bits // 8
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    return buffer.tell()


class _Half(nn.Module):
    """A network that works in another precision, behind float32 doors."""

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.module, self.dtype = copy.deepcopy(module).to(dtype), dtype

    def forward(self, *values: Tensor | Conditioning) -> Tensor:
        return self.module(*(_cast(value, self.dtype) for value in values)).float()


def _cast(value: Tensor | Conditioning, dtype: torch.dtype) -> Tensor | Conditioning:
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    return Conditioning(
        tokens=value.tokens.to(dtype), mask=value.mask, sentence=value.sentence.to(dtype), logits=value.logits
    )


def int8_linear(module: nn.Module) -> nn.Module:
    """Linear layers in int8, their inputs quantised as they come."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated in favour of another package, and still the fastest on CPUs
        return torch.ao.quantization.quantize_dynamic(copy.deepcopy(module), {nn.Linear}, dtype=torch.qint8)


def int8_weights(module: nn.Module) -> nn.Module:
    """Weights rounded to int8 with a scale an output channel, and back: what a file of half the size would hold."""
    rounded = copy.deepcopy(module)
    for each in rounded.parameters():
        if each.dim() > 1:
            scale = each.flatten(1).abs().amax(1).clamp_min(1e-12).view(-1, *[1] * (each.dim() - 1)) / 127
            each.data = (each / scale).round() * scale
    return rounded


def pruned(module: nn.Module, share: float) -> nn.Module:
    """The smallest `share` of every layer's weights set to zero (Han et al. 2015), without training afterwards."""
    thinned = copy.deepcopy(module)
    for each in thinned.parameters():
        if each.dim() > 1:
            each.data[each.abs() < each.abs().flatten().kthvalue(max(1, int(share * each.numel())))[0]] = 0
    return thinned


def zipped(module: nn.Module) -> int:
    return len(zlib.compress(b"".join(each.half().numpy().tobytes() for each in module.parameters())))


def in_onnx(module: nn.Module, inputs: tuple[Tensor, ...], dynamic: int | None, int8: bool) -> Form | None:
    """The network in ONNX Runtime; `dynamic` is the input whose second dimension varies from call to call."""
    try:
        import onnxruntime
        from onnxruntime.quantization import quantize_dynamic
    except ImportError:
        return None
    folder = Path(tempfile.mkdtemp())
    path = folder / "float32.onnx"
    names = [f"input{i}" for i in range(len(inputs))]
    length = torch.export.Dim("length", min=2, max=255)
    shapes = tuple({1: length} if dynamic is not None and i >= dynamic else {} for i in range(len(inputs)))
    name = f"ONNX Runtime, {'int8 linear layers' if int8 else 'float32'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, inputs, str(path), input_names=names, dynamic_shapes=shapes, dynamo=True, verbose=False
        )
        if int8:
            try:
                quantize_dynamic(path, folder / "int8.onnx")
            except Exception as error:  # noqa: BLE001  its shape inference can't follow every network
                return Form(name=name, run=_failing(error), size=0)
            path = folder / "int8.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # else it slows what runs after it
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(*values: Tensor) -> Tensor:
        given = {each.name: value.numpy() for each, value in zip(session.get_inputs(), values, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    size = sum(each.stat().st_size for each in folder.glob(f"{path.stem}.onnx*"))
    return Form(name=name, run=run, size=size)


def _failing(error: Exception) -> Callable[..., Tensor]:
    def run(*_: object) -> Tensor:
        raise error

    return run


class _FlatGenerator(nn.Module):
    """The generator with the conditioning as plain tensors."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, sentence: Tensor, tokens: Tensor, mask: Tensor, *logits: Tensor) -> Tensor:
        read = dict(zip(self.generator.attributes, logits, strict=True))
        return self.generator(z, Conditioning(tokens=tokens, mask=mask, sentence=sentence, logits=read))


def forms_of(module: nn.Module) -> list[Form]:
    compiled = torch.compile(module)
    return [
        Form(name="PyTorch, float32", run=module, size=size_of(module, 32)),
        Form(name="float16", run=_Half(module, torch.float16), size=size_of(module, 16)),
        Form(name="bfloat16", run=_Half(module, torch.bfloat16), size=size_of(module, 16)),
        Form(name="int8 linear layers", run=int8_linear(module), size=size_of(int8_linear(module))),
        Form(name="int8 weights, float32 arithmetic", run=int8_weights(module), size=size_of(module, 8)),
        Form(name="torch.compile", run=compiled, size=size_of(module, 32)),
        *(
            Form(name=f"{share:.0%} pruned", run=pruned(module, share), size=zipped(pruned(module, share)))
            for share in (0.3, 0.5)
        ),
    ]


@torch.inference_mode()
def measure(forms: list[Form], calls: list[tuple[object, ...]], finish: Callable[[int, Tensor], Tensor]) -> list[str]:
    """A line a form. `finish` turns the output of call i into the final image."""
    rows: list[str] = []
    working: dict[str, list[float]] = {}
    images: dict[str, Tensor] = {}
    for form in forms:
        try:
            images[form.name] = torch.cat([finish(i, form.run(*call)) for i, call in enumerate(calls)]).clamp(-1, 1)
            working[form.name] = []
        except Exception as error:  # noqa: BLE001  a form that this machine can't run is a row, too
            rows.append(f"| {form.name} | - | - | can't run here: {type(error).__name__} |")
    for turn in range(ROUNDS):
        for form in forms:
            if form.name in working:
                call = calls[turn % len(calls)]
                form.run(*call)  # then its own weights are in the caches, not another form's
                start = time.perf_counter()
                form.run(*call)
                working[form.name].append(time.perf_counter() - start)
    first = forms[0].name
    for form in forms:
        if form.name in working:
            ratio = min(working[form.name]) / min(working[first])
            likeness = "-" if form.name == first else f"{psnr(images[form.name], images[first]).mean():.1f} dB"
            rows.append(f"| {form.name} | {ratio:.2f} | {form.size / 1e6:.1f} MB | {likeness} |")
    return rows


@torch.inference_mode()
def main(folder: Path) -> str:
    snapshot: Snapshot = load_snapshot(folder)
    encoder = TextEncoder.load()
    model, tokenizer = encoder._model, encoder._tokenizer
    texts = [tokenizer([prompt], return_tensors="pt") for prompt in PROMPTS]
    generator = torch.Generator().manual_seed(0)
    z = [
        torch.cat([torch.rand(1, len(snapshot.config.u_names), generator=generator) * 2 - 1, torch.zeros(1, 32)], dim=1)
        for _ in PROMPTS
    ]

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = copy.deepcopy(model)

        def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
            return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state

    def conditioned(i: int, states: Tensor) -> Conditioning:
        mask = texts[i]["attention_mask"].bool()
        return snapshot.adapter(states.float(), mask)

    head = ["| | time | size | likeness |", "| --- | --- | --- | --- |"]
    lines = [f"{torch.get_num_threads()} threads", "", "Text encoder, one prompt", "", *head]
    text_encoder = Encoder().eval()
    calls: list[tuple[object, ...]] = [(text["input_ids"], text["attention_mask"]) for text in texts]
    forms = forms_of(text_encoder)
    forms += [
        form
        for int8 in (False, True)
        if (form := in_onnx(text_encoder, calls[0], dynamic=0, int8=int8))  # type: ignore[arg-type]
    ]
    lines += measure(forms, calls, lambda i, states: snapshot.generator(z[i], conditioned(i, states)))

    lines += ["", "Generator, one image", "", *head]
    flat = _FlatGenerator(snapshot.generator).eval()
    conditions = [conditioned(i, encoder.encode([PROMPTS[i]]).states) for i in range(len(PROMPTS))]
    calls = [(z[i], each.sentence, each.tokens, each.mask, *each.logits.values()) for i, each in enumerate(conditions)]
    forms = forms_of(flat)
    forms += [
        form
        for int8 in (False, True)
        if (form := in_onnx(flat, calls[0], dynamic=2, int8=int8))  # type: ignore[arg-type]
    ]
    lines += measure(forms, calls, lambda _i, image: image)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1]) if len(sys.argv) > 1 else packaged("assets") / "gan") + "\n")
