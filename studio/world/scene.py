"""The product world in numbers: a scene record is drawn from a seed, and a scene is all a render needs.

A scene has *attributes* (the words a caption can say: product, colour, ...) and *continuous values* (camera,
light, proportions). The continuous values, normalised, are the vector `u` that the networks are told beside the text,
so that camera and light can be moved by hand.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

#: sRGB values in 0..255 of the sixteen named colours.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (200, 24, 30),
    "burgundy": (104, 16, 38),
    "orange": (240, 112, 16),
    "yellow": (248, 204, 28),
    "olive": (112, 116, 38),
    "green": (30, 136, 58),
    "teal": (12, 138, 138),
    "blue": (30, 92, 210),
    "navy": (22, 34, 92),
    "purple": (112, 44, 158),
    "pink": (244, 134, 172),
    "brown": (108, 62, 32),
    "beige": (218, 192, 152),
    "grey": (128, 128, 130),
    "black": (22, 22, 24),
    "white": (242, 242, 240),
}


@dataclass(frozen=True, kw_only=True)
class Product:
    """What is known of a product before one is drawn."""

    #: What it is usually made of; one scene in eight ignores this, so that unusual wishes are not all new.
    materials: tuple[str, ...]
    #: The kinds it comes in, by the names that its builder knows.
    silhouettes: tuple[str, ...]
    #: The part that has the second colour of a two-colour design, as captions call it.
    part: str
    #: Degrees either side of the hero view within which it is turned.
    turn: float = 60.0
    #: Whether its left and right are alike in the hero view.
    symmetric: bool = True
    #: Whether two of it stand in one scene in two; of others in one of twelve.
    in_pairs: bool = False


PRODUCTS: dict[str, Product] = {
    # kitchen and table
    "mug": Product(
        materials=("ceramic", "metal", "glass", "plastic"),
        silhouettes=("straight", "round", "tall"),
        part="handle",
        turn=50,
        symmetric=False,
    ),
    "bowl": Product(
        materials=("ceramic", "wood", "walnut", "glass", "metal", "plastic", "marble"),
        silhouettes=("round", "straight", "footed"),
        part="rim",
    ),
    "teapot": Product(
        materials=("ceramic", "metal", "glass", "brass"),
        silhouettes=("round", "tall", "straight"),
        part="lid",
        turn=50,
        symmetric=False,
    ),
    "jar": Product(
        materials=("glass", "ceramic", "plastic", "metal"),
        silhouettes=("straight", "round", "square"),
        part="lid",
    ),
    "vase": Product(
        materials=("ceramic", "glass", "metal", "wood", "marble", "wicker"),
        silhouettes=("round", "slender", "cylinder", "bottle"),
        part="neck",
    ),
    "glass": Product(materials=("glass",), silhouettes=("tumbler", "wine", "highball"), part="base"),
    # bottles and cosmetics
    "bottle": Product(
        materials=("glass", "metal", "plastic"), silhouettes=("wine", "sports", "round", "square"), part="cap"
    ),
    "perfume bottle": Product(materials=("glass",), silhouettes=("square", "round", "tall"), part="cap"),
    "can": Product(materials=("metal",), silhouettes=("slim", "standard"), part="band"),
    "tube": Product(materials=("plastic", "metal"), silhouettes=("standing", "lying"), part="cap", symmetric=False),
    "dispenser": Product(
        materials=("plastic", "ceramic", "glass", "marble"),
        silhouettes=("round", "square"),
        part="pump",
        symmetric=False,
    ),
    # bags
    "handbag": Product(
        materials=("leather", "fabric", "felt", "wicker"), silhouettes=("flap", "tote", "bucket"), part="handles"
    ),
    "backpack": Product(
        materials=("fabric", "leather", "felt", "plastic"), silhouettes=("round", "roll top", "square"), part="pocket"
    ),
    "suitcase": Product(
        materials=("plastic", "metal", "leather", "fabric"), silhouettes=("trolley", "vintage"), part="corners", turn=55
    ),
    # shoes
    "shoe": Product(
        materials=("leather", "felt", "fabric"),
        silhouettes=("oxford", "loafer"),
        part="sole",
        symmetric=False,
        in_pairs=True,
    ),
    "sneaker": Product(
        materials=("fabric", "leather", "plastic", "rubber"),
        silhouettes=("low", "high", "runner"),
        part="sole",
        symmetric=False,
        in_pairs=True,
    ),
    "sandal": Product(
        materials=("leather", "cork", "rubber"),
        silhouettes=("straps", "slide"),
        part="straps",
        symmetric=False,
        in_pairs=True,
    ),
    "boot": Product(
        materials=("leather", "rubber", "felt"),
        silhouettes=("ankle", "tall"),
        part="sole",
        symmetric=False,
        in_pairs=True,
    ),
    # lamps and furniture
    "lamp": Product(
        materials=("ceramic", "metal", "wood", "fabric", "brass", "marble"),
        silhouettes=("table", "dome", "globe"),
        part="shade",
    ),
    "chair": Product(
        materials=("wood", "plastic", "metal", "leather", "fabric", "felt", "wicker"),
        silhouettes=("dining", "shell", "armchair"),
        part="legs",
        turn=65,
    ),
    "office chair": Product(
        materials=("fabric", "leather", "plastic", "felt"), silhouettes=("high", "low"), part="base", turn=65
    ),
    "couch": Product(
        materials=("fabric", "leather", "felt"),
        silhouettes=("box", "rounded", "chesterfield"),
        part="cushions",
        turn=45,
    ),
    # electronics
    "headphones": Product(
        materials=("plastic", "metal", "leather"), silhouettes=("over-ear", "on-ear"), part="pads", turn=55
    ),
    "speaker": Product(
        materials=("plastic", "fabric", "wood", "walnut", "metal"),
        silhouettes=("box", "cylinder", "ball"),
        part="grille",
        turn=50,
    ),
    "camera": Product(
        materials=("plastic", "metal", "leather"),
        silhouettes=("compact", "reflex"),
        part="lens",
        turn=45,
        symmetric=False,
    ),
    # watches and eyewear
    "watch": Product(
        materials=("leather", "metal", "plastic", "fabric", "rubber"),
        silhouettes=("round", "square"),
        part="dial",
        turn=40,
        symmetric=False,
    ),
    "sunglasses": Product(
        materials=("plastic", "metal", "wood"), silhouettes=("square", "round", "aviator"), part="lenses", turn=45
    ),
    "cap": Product(materials=("fabric", "leather", "felt"), silhouettes=("baseball", "trucker"), part="brim", turn=50),
    # toys and sport
    "toy car": Product(
        materials=("wood", "plastic", "metal"), silhouettes=("car", "van", "racer"), part="wheels", symmetric=False
    ),
    "ball": Product(
        materials=("leather", "rubber", "plastic"), silhouettes=("football", "basketball", "beach"), part="panels"
    ),
    "toy blocks": Product(
        materials=("wood", "plastic", "cork"), silhouettes=("tower", "pyramid"), part="top", symmetric=False
    ),
}

SCENES = (
    "white studio",
    "grey studio",
    "black studio",
    "pink backdrop",
    "blue backdrop",
    "wooden table",
    "marble counter",
    "concrete floor",
    "podium",
    "shelf",
    "linen cloth",
    "window light",
    "sunlit wall",
    "colour gels",
    "low key",
)

#: Every attribute group and its classes, in the order the attribute heads use.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "product": tuple(PRODUCTS),
    "colour": tuple(COLOURS),
    "material": (
        *("ceramic", "glass", "metal", "leather", "wood", "plastic", "fabric"),
        *("brass", "felt", "walnut", "marble", "rubber", "cork", "wicker"),
    ),
    "finish": ("glossy", "matte"),
    "scene": SCENES,
    "accent": tuple(COLOURS),
    "pattern": ("stripes", "dots", "checks", "colour blocks"),
    "number": ("pair",),
    "light": ("soft", "hard"),
    "tone": ("warm", "cool"),
    "side": ("left", "right", "back"),
    "view": ("eye level", "above"),
    "proportion": ("slim", "wide"),
    "framing": ("close-up", "distant"),
}

#: The groups a scene always has, against those that are only remarked on when they stand out.
CORE_ATTRIBUTES = ("product", "colour", "material", "finish", "scene")

#: Materials whose own look leaves no room for a pattern.
GRAINED = frozenset({"glass", "metal", "wood", "brass", "walnut", "marble", "cork", "wicker"})

#: The colours of materials that have one by themselves: who asks for walnut and names no colour means no other.
OWN_COLOURS = {
    "metal": ("grey",),
    "wood": ("beige", "brown"),
    "brass": ("yellow",),
    "walnut": ("brown",),
    "marble": ("white", "grey", "black"),
    "cork": ("beige", "brown"),
    "wicker": ("beige", "brown"),
}

#: The groups that are plain unless something is said: one colour, no pattern, a single product.
EXTRA_ATTRIBUTES = ("accent", "pattern", "number")

#: Degrees by which products can be turned by hand.
TURN = 60.0

ELEVATION = (2.0, 50.0)  # degrees above the horizon
LIGHT_ELEVATION = (25.0, 70.0)
FILL = (0.68, 1.0)  # share of the frame that the product's bounding box spans
SHAPES = 4
SILHOUETTES = max(len(each.silhouettes) for each in PRODUCTS.values())


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One product shot. Angles in degrees; the rest as said."""

    seed: int
    product: str
    colour: str
    material: str
    finish: str
    scene: str
    accent: str | None  # a second colour, on a part of the product
    pattern: str | None
    number: str | None
    silhouette: int  # place among the silhouettes of the product
    edited: str | None  # what was changed in the scene of this seed: a core attribute but the product, or "light"
    azimuth: float  # turn of the product about its vertical axis, 0 is the hero view
    elevation: float  # of the camera
    fill: float
    light_azimuth: float  # of the key light: 0 behind the camera, +90 from the right, 180 from behind the product
    light_elevation: float
    softness: float  # of the key light, 0 a spot .. 1 a wide softbox
    warmth: float  # -1 cool .. 1 warm
    shape: tuple[float, ...]  # proportions in -1..1; the first is slim (-1) to wide (1), the rest the product's own
    lightness: float  # deviation from the named colour, -1..1
    chroma: float

    def attributes(self) -> dict[str, str]:
        """The classes this scene belongs to; groups in which nothing stands out are absent."""
        found = {name: getattr(self, name) for name in CORE_ATTRIBUTES}
        found |= {name: getattr(self, name) for name in EXTRA_ATTRIBUTES if getattr(self, name)}
        for group, classes in _RANGES.items():
            for name, ranges in classes.items():
                if all(
                    any(low <= _value(self, field) <= high for low, high in spans) for field, spans in ranges.items()
                ):
                    found[group] = name
        return found

    @property
    def u(self) -> dict[str, float]:
        return u_of(continuous_of(self), self.silhouette)

    @property
    def is_symmetric(self) -> bool:
        """Whether the mirror image is this scene too, with product and key light turned the other way."""
        return PRODUCTS[self.product].symmetric and not self.number and self.scene in SYMMETRIC_SCENES

    def to_record(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Scene:
        values = {field.name: record[field.name] for field in fields(cls)}
        values["shape"] = tuple(values["shape"])  # type: ignore[arg-type]
        return cls(**values)  # type: ignore[arg-type]


#: What a word such as "from above" means in continuous values: group -> class -> field -> allowed spans.
_RANGES: dict[str, dict[str, dict[str, tuple[tuple[float, float], ...]]]] = {
    "light": {"soft": {"softness": ((0.6, 1.0),)}, "hard": {"softness": ((0.0, 0.2),)}},
    "tone": {"warm": {"warmth": ((0.45, 1.0),)}, "cool": {"warmth": ((-1.0, -0.45),)}},
    "side": {
        "left": {"light_azimuth": ((-110.0, -50.0),)},
        "right": {"light_azimuth": ((50.0, 110.0),)},
        "back": {"light_azimuth": ((-160.0, -125.0), (125.0, 160.0))},
    },
    "view": {"eye level": {"elevation": ((2.0, 10.0),)}, "above": {"elevation": ((32.0, 50.0),)}},
    "proportion": {"slim": {"shape.0": ((-1.0, -0.5),)}, "wide": {"shape.0": ((0.5, 1.0),)}},
    "framing": {"close-up": {"fill": ((0.91, 1.0),)}, "distant": {"fill": ((0.68, 0.77),)}},
}

#: The fields of the key light.
LIGHT_FIELDS = ("light_azimuth", "light_elevation", "softness", "warmth")

#: Where the prior of a continuous value is, uniform unless `sample_continuous` says otherwise.
_PRIOR: dict[str, tuple[float, float]] = {
    "elevation": ELEVATION,
    "fill": FILL,
    "light_azimuth": (-160.0, 160.0),
    "light_elevation": LIGHT_ELEVATION,
    "softness": (0.0, 1.0),
    "warmth": (-1.0, 1.0),
    **{f"shape.{i}": (-1.0, 1.0) for i in range(SHAPES)},
    "lightness": (-1.0, 1.0),
    "chroma": (-1.0, 1.0),
}

#: Where left and right are alike: of these, the mirror image of a symmetric product is the picture of another scene of
#: this world. The grain of wood, marble and concrete lies where it lies.
SYMMETRIC_SCENES = frozenset(SCENES[:5])

#: Names of the entries of `u`, in order.
U_NAMES: tuple[str, ...] = (
    "azimuth_sin",
    "azimuth_cos",
    "elevation",
    "fill",
    "light_azimuth_sin",
    "light_azimuth_cos",
    "light_elevation",
    "softness",
    "warmth",
    "shape_0",
    "shape_1",
    "shape_2",
    "shape_3",
    "lightness",
    "chroma",
    *(f"silhouette_{i}" for i in range(SILHOUETTES)),
)

#: Those that change their sign in a mirror.
U_MIRRORED = ("azimuth_sin", "light_azimuth_sin")


def _value(scene: Scene, field: str) -> float:
    name, _, index = field.partition(".")
    value = getattr(scene, name)
    return value[int(index)] if index else value


def _unit(value: float, span: tuple[float, float]) -> float:
    """Maps `span` to -1..1."""
    return 2 * (value - span[0]) / (span[1] - span[0]) - 1


def u_of(continuous: Mapping[str, float], silhouette: int) -> dict[str, float]:
    """The networks' view of continuous values and of a silhouette: U_NAMES, in order, to numbers in -1..1."""
    azimuth, light = math.radians(continuous["azimuth"]), math.radians(continuous["light_azimuth"])
    return {
        "azimuth_sin": math.sin(azimuth),
        "azimuth_cos": math.cos(azimuth),
        "elevation": _unit(continuous["elevation"], ELEVATION),
        "fill": _unit(continuous["fill"], FILL),
        "light_azimuth_sin": math.sin(light),
        "light_azimuth_cos": math.cos(light),
        "light_elevation": _unit(continuous["light_elevation"], LIGHT_ELEVATION),
        "softness": 2 * continuous["softness"] - 1,
        "warmth": continuous["warmth"],
        **{f"shape_{i}": continuous[f"shape.{i}"] for i in range(SHAPES)},
        "lightness": continuous["lightness"],
        "chroma": continuous["chroma"],
        **{f"silhouette_{i}": float(i == silhouette) for i in range(SILHOUETTES)},
    }


def continuous_of(scene: Scene) -> dict[str, float]:
    return {"azimuth": scene.azimuth} | {field: _value(scene, field) for field in _PRIOR}


def sample_continuous(rng: random.Random, attributes: Mapping[str, str]) -> dict[str, float]:
    """Draws camera, light and proportions from the world's prior, given the attributes that were asked for."""
    values = {field: rng.uniform(*span) for field, span in _PRIOR.items()}
    # Packshots are rarely taken from high up, and most light is near neutral.
    values["elevation"] = ELEVATION[0] + (ELEVATION[1] - ELEVATION[0]) * rng.betavariate(1.3, 1.9)
    values["warmth"] = rng.triangular(-1, 1, 0)
    product = PRODUCTS.get(attributes.get("product", ""))
    turn = product.turn if product else TURN
    values["azimuth"] = rng.uniform(-turn, turn)
    for group, name in attributes.items():
        for field, spans in _RANGES.get(group, {}).get(name, {}).items():
            values[field] = rng.uniform(*rng.choice(spans))
    return values


def step_continuous(
    rng: random.Random, values: Mapping[str, float], attributes: Mapping[str, str], step: float
) -> dict[str, float]:
    """A small step away from `values`, which were sampled given `attributes`: each goes up to the share `step` (0 .. 1)
    of the span that the attributes leave it, and stays inside."""
    product = PRODUCTS.get(attributes.get("product", ""))
    turn = product.turn if product else TURN
    spans = {**_PRIOR, "elevation": ELEVATION, "warmth": (-1.0, 1.0), "azimuth": (-turn, turn)}
    for group, name in attributes.items():
        for field, several in _RANGES.get(group, {}).get(name, {}).items():
            spans[field] = next(span for span in several if span[0] <= values[field] <= span[1])
    stepped = dict(values)
    for field, (low, high) in spans.items():
        moved = values[field] + rng.uniform(-step, step) * (high - low)
        stepped[field] = min(max(moved, low), high)
    return stepped


def sample_core(
    rng: random.Random, known: Mapping[str, str], offered: Mapping[str, Sequence[str]] = ATTRIBUTES
) -> dict[str, str]:
    """Completes the core attributes: those in `known` stay, the others are drawn from the world's prior, as far as they
    are `offered`, and as people expect them: a product that is known has a usual material, a pattern one that it shows
    on, and a material that is known its own colour."""
    product = known.get("product") or rng.choice(offered["product"])
    usual = [name for name in PRODUCTS[product].materials if name in offered["material"]]
    is_usual = usual and (rng.random() < 0.875 or "product" in known)  # drawn all the same, for the sake of the rest
    colour = rng.choice(offered["colour"])
    material = rng.choice(usual if is_usual else offered["material"])
    if "pattern" in known and material in GRAINED:
        material = _instead(material, offered["material"], [name for name in usual if name not in GRAINED])
    if own := OWN_COLOURS.get(known.get("material", "")):
        colour = _instead(colour, offered["colour"], [name for name in own if name in offered["colour"]])
    drawn = {
        "product": product,
        "colour": colour,
        "material": material,
        "finish": rng.choice(offered["finish"]),
        "scene": rng.choice(offered["scene"]),
    }
    return {name: known.get(name, value) for name, value in drawn.items()}


def _instead(drawn: str, every: Sequence[str], fitting: Sequence[str]) -> str:
    """What fits in place of what was drawn, without another draw: what is drawn after it stays the same."""
    return fitting[every.index(drawn) % len(fitting)] if fitting else drawn


def sample_silhouette(rng: random.Random, product: str) -> int:
    return rng.randrange(len(PRODUCTS[product].silhouettes))


def sample_extras(rng: random.Random, core: Mapping[str, str]) -> dict[str, str]:
    """What a scene has beyond the plain: most have nothing."""
    extras: dict[str, str] = {}
    if rng.random() < 0.35:
        extras["accent"] = rng.choice([name for name in COLOURS if name != core["colour"]])
    if rng.random() < 0.15 and core["material"] not in GRAINED:
        extras["pattern"] = rng.choice(ATTRIBUTES["pattern"])
    if rng.random() < (0.5 if PRODUCTS[core["product"]].in_pairs else 0.08):
        extras["number"] = "pair"
    return extras


def is_held_out(core: Mapping[str, str]) -> bool:
    """Whether a combination of product, colour and material is kept from training, as one in twenty is."""
    combination = f"{core['product']}, {core['colour']}, {core['material']}"
    return hashlib.sha256(combination.encode()).digest()[0] < 256 / 20


def sample_scene(seed: int, *, held_out: bool = False, products: Sequence[str] = tuple(PRODUCTS)) -> Scene:
    """The scene of a seed, of one of `products`: the same on every machine (Python's Mersenne Twister).

    With `held_out` its combination is one that is kept from training.
    """
    rng = random.Random(seed)
    offered = {**ATTRIBUTES, "product": products}
    core = sample_core(rng, {}, offered)
    while is_held_out(core) != held_out:
        core = sample_core(rng, {}, offered)
    values = sample_continuous(rng, core)
    shape = tuple(values.pop(f"shape.{i}") for i in range(SHAPES))
    extras = sample_extras(rng, core)
    return Scene.from_record(
        {
            "seed": seed,
            **core,
            **{name: extras.get(name) for name in EXTRA_ATTRIBUTES},
            "silhouette": sample_silhouette(rng, core["product"]),
            "edited": None,
            **values,
            "shape": shape,
        }
    )


def sample_edit(scene: Scene) -> Scene:
    """The same scene with one thing changed. Its combination of attributes may be one that is held out."""
    rng = random.Random(f"edit {scene.seed}")
    choices = {
        group: [name for name in ATTRIBUTES[group] if name not in (getattr(scene, group), scene.accent)]
        for group in ("colour", "finish", "scene")
    }
    choices["material"] = [
        name
        for name in PRODUCTS[scene.product].materials
        if name != scene.material and not (scene.pattern and name in GRAINED)
    ]
    group = rng.choice(["light", *(group for group, names in choices.items() if names)])
    if group == "light":
        light = sample_continuous(rng, {})
        changed: dict[str, Any] = {name: light[name] for name in LIGHT_FIELDS}
    else:
        changed = {group: rng.choice(choices[group])}
    return replace(scene, edited=group, **changed)
