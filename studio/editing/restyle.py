"""What the Restyle tab does: an instruction, carried out on a photo."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from studio.editing import looks
from studio.editing.backdrop import Side, place
from studio.editing.colour import Rgb, parse
from studio.editing.instruction import SWEEP, Instruction
from studio.editing.masks import inside, outside, required
from studio.editing.material import rematerial
from studio.editing.proof import Proof, measure
from studio.editing.recolour import recolour
from studio.errors import InputError
from studio.prompts import Prompts
from studio.request import Keep
from studio.styles import Style

#: Finishes without a material: what is glossy is shown as plastic would be, what is matte as rubber.
_PLAIN = {"glossy": "plastic", "matte": "rubber"}


@dataclass(frozen=True, kw_only=True)
class Restyled:
    """A restyled photo, RGB."""

    image: Image.Image
    #: What stayed: the product, or everything but it. None where nothing had to.
    proof: Proof | None
    #: What was done, in plain words.
    done: tuple[str, ...]


def restyle(
    image: Image.Image,
    product_mask: Image.Image | None,
    instruction: Instruction,
    prompts: Prompts,
    *,
    keep: Keep,
    strength: float = 1.0,
    side: Side | None = None,
    seed: int = 0,
) -> Restyled:
    """Carries out an instruction on an RGB photo of any size; the result has the same size.

    `keep` "product": the product's pixels (mask L, 255) stay, its surroundings become the scene, sweep or style.
    "shape": the product alone changes, in colour, material or style. "nothing": all that was asked for. `strength` 0..1
    mixes the result with the photo. `side` and `seed` as in `backdrop.place`. Only "nothing" needs no mask,
    unless the product is to change or to be placed. Raises InputError in plain words for what can't be done.
    """
    style = prompts.styles.styles.get(instruction.style or "")
    where, wanted = _surroundings(instruction, style, keep), _of_product(instruction, keep)
    look = style.look if style and style.look != looks.Look() else None
    if keep == "product" and not where:
        raise InputError(
            "This changes the product, which is to be kept.",
            "Keep its shape instead, or name a scene: “on a marble counter”.",
        )
    if keep == "shape" and not (wanted or look):
        raise InputError(
            "This changes the surroundings, and only the product is to change.", "Keep the product instead."
        )
    if not (where or wanted or look):
        raise InputError("There is nothing to do.", "Name a colour, a material, a scene or a style.")
    if product_mask is None and needs_product(instruction, prompts, keep):
        raise InputError("It isn't known where the product is.", "Select the product first.")
    mask = None if product_mask is None else required(product_mask, image)
    result, done = image, list[str]()
    if mask and wanted and keep != "product":
        result = _product(result, mask, instruction, seed)
        done.append(
            "the product in " + ", ".join(filter(None, (instruction.finish, instruction.colour, instruction.material)))
        )
    if mask and where and keep != "shape":
        scene, colour = where
        result = place(result, mask, scene=scene, colour=colour, side=side, view=instruction.view, seed=seed).image
        done.append(f"placed in the scene {scene}" if colour is None else "placed on a seamless sweep")
    if look and style:
        styled = looks.apply(result, look, seed=seed)
        if mask and keep == "product":
            styled.paste(result, mask=mask)
        elif mask and keep == "shape":
            styled = Image.composite(styled, result, mask)
        result = styled
    if style and instruction.style != SWEEP:
        done.append(style.title("en"))
    if strength < 1:
        result = Image.blend(image, result, max(strength, 0.0))
    locked = {"product": inside, "shape": outside}.get(keep)
    proof = measure(image, result, locked(mask)) if mask and locked else None
    return Restyled(image=result, proof=proof, done=tuple(done))


def needs_product(instruction: Instruction, prompts: Prompts, keep: Keep) -> bool:
    """Whether it has to be known where the product is."""
    style = prompts.styles.styles.get(instruction.style or "")
    return keep != "nothing" or bool(_surroundings(instruction, style, keep) or _of_product(instruction, keep))


def _of_product(instruction: Instruction, keep: Keep) -> bool:
    """Whether the product itself is to change."""
    return bool(instruction.material or instruction.finish or (instruction.colour and keep != "product"))


def _surroundings(instruction: Instruction, style: Style | None, keep: Keep) -> tuple[str, Rgb | None] | None:
    """The scene that was asked for, and the colour of the sweep if it is one."""
    if instruction.backdrop:
        return "grey studio", parse(instruction.backdrop)
    if instruction.style == SWEEP and instruction.colour and keep == "product":
        return "grey studio", parse(instruction.colour)
    if instruction.scene:
        return instruction.scene, None
    if style and style.sweep:
        return "grey studio", parse(style.sweep)
    if style and style.scene and "product" in style.keeps:
        # With nothing kept such a style is what it does to light and colours.
        return (style.scene, None) if keep == "product" else None
    if keep == "product" and instruction.colour and not instruction.material:
        return "grey studio", parse(instruction.colour)
    return None


def _product(image: Image.Image, mask: Image.Image, instruction: Instruction, seed: int) -> Image.Image:
    colour = parse(instruction.colour) if instruction.colour else None
    finish = "glossy" if instruction.finish == "glossy" else "matte" if instruction.finish else None
    material = instruction.material or (_PLAIN[finish] if finish else None)
    if material is None:
        return recolour(image, mask, colour) if colour else image
    return rematerial(image, mask, material, colour=colour, finish=finish, seed=seed)
