"""The product world in numbers: a scene record is drawn from a seed, and a scene is all a render needs.

A scene has *attributes* (the words a caption can say: product, colour, ...) and *continuous values* (camera,
light, proportions). The continuous values, normalised, are the vector `u` that the generator sees beside the text,
so that camera and light can be moved by hand.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

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

#: What each product is usually made of; one scene in eight ignores this, so that unusual wishes are not all new.
MATERIALS_OF: dict[str, tuple[str, ...]] = {
    "mug": ("ceramic", "metal", "glass", "plastic"),
    "bottle": ("glass", "metal", "plastic"),
    "handbag": ("leather", "fabric"),
    "lamp": ("ceramic", "metal", "wood", "fabric"),
    "vase": ("ceramic", "glass", "metal", "wood"),
    "bowl": ("ceramic", "wood", "glass", "metal", "plastic"),
    "teapot": ("ceramic", "metal", "glass"),
    "chair": ("wood", "plastic", "metal", "leather", "fabric"),
    "suitcase": ("plastic", "metal", "leather", "fabric"),
    "headphones": ("plastic", "metal", "leather"),
    "watch": ("leather", "metal", "plastic", "fabric"),
    "jar": ("glass", "ceramic", "plastic", "metal"),
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
)

#: Every attribute group and its classes, in the order the attribute heads use.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "product": tuple(MATERIALS_OF),
    "colour": tuple(COLOURS),
    "material": ("ceramic", "glass", "metal", "leather", "wood", "plastic", "fabric"),
    "finish": ("glossy", "matte"),
    "scene": SCENES,
    "light": ("soft", "hard"),
    "tone": ("warm", "cool"),
    "side": ("left", "right", "back"),
    "view": ("eye level", "above"),
    "proportion": ("slim", "wide"),
    "framing": ("close-up", "distant"),
}

#: The groups a scene always has, against those that are only remarked on when they stand out.
CORE_ATTRIBUTES = ("product", "colour", "material", "finish", "scene")

#: Degrees either side of the hero view within which a product is turned. A mug shows its handle, a watch its dial.
TURN_OF: dict[str, float] = {"mug": 50, "teapot": 50, "chair": 65, "watch": 40, "headphones": 55, "suitcase": 55}
TURN = 60.0

ELEVATION = (2.0, 50.0)  # degrees above the horizon
LIGHT_ELEVATION = (25.0, 70.0)
FILL = (0.68, 1.0)  # share of the frame that the product's bounding box spans
SHAPES = 4


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One product shot. Angles in degrees; the rest as said."""

    seed: int
    product: str
    colour: str
    material: str
    finish: str
    scene: str
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
        for group, classes in _RANGES.items():
            for name, ranges in classes.items():
                if all(
                    any(low <= _value(self, field) <= high for low, high in spans) for field, spans in ranges.items()
                ):
                    found[group] = name
        return found

    @property
    def is_symmetric(self) -> bool:
        """Whether the mirror image is this scene too, with product and key light turned the other way."""
        return self.product in SYMMETRIC_PRODUCTS and self.scene in SYMMETRIC_SCENES

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

#: Where left and right are alike: of these, the mirror image is the picture of another scene of this world. A mug shows
#: its handle on the right; the grain of wood, marble and concrete lies where it lies.
SYMMETRIC_PRODUCTS = frozenset(MATERIALS_OF) - {"mug", "teapot", "watch"}
SYMMETRIC_SCENES = frozenset(SCENES) - {"wooden table", "marble counter", "concrete floor"}

#: Names of the entries of `u`, in order.
U_NAMES = (
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


def u_vector(continuous: Mapping[str, float]) -> list[float]:
    """The generator's view of a scene's continuous values: `len(U_NAMES)` numbers in -1..1."""
    azimuth, light = math.radians(continuous["azimuth"]), math.radians(continuous["light_azimuth"])
    return [
        math.sin(azimuth),
        math.cos(azimuth),
        _unit(continuous["elevation"], ELEVATION),
        _unit(continuous["fill"], FILL),
        math.sin(light),
        math.cos(light),
        _unit(continuous["light_elevation"], LIGHT_ELEVATION),
        2 * continuous["softness"] - 1,
        continuous["warmth"],
        *(continuous[f"shape.{i}"] for i in range(SHAPES)),
        continuous["lightness"],
        continuous["chroma"],
    ]


def continuous_of(scene: Scene) -> dict[str, float]:
    return {"azimuth": scene.azimuth} | {field: _value(scene, field) for field in _PRIOR}


def sample_continuous(rng: random.Random, attributes: Mapping[str, str]) -> dict[str, float]:
    """Draws camera, light and proportions from the world's prior, given the attributes that were asked for."""
    values = {field: rng.uniform(*span) for field, span in _PRIOR.items()}
    # Packshots are rarely taken from high up, and most light is near neutral.
    values["elevation"] = ELEVATION[0] + (ELEVATION[1] - ELEVATION[0]) * rng.betavariate(1.3, 1.9)
    values["warmth"] = rng.triangular(-1, 1, 0)
    turn = TURN_OF.get(attributes.get("product", ""), TURN)
    values["azimuth"] = rng.uniform(-turn, turn)
    for group, name in attributes.items():
        for field, spans in _RANGES.get(group, {}).get(name, {}).items():
            values[field] = rng.uniform(*rng.choice(spans))
    return values


def sample_core(rng: random.Random, known: Mapping[str, str]) -> dict[str, str]:
    """Completes the core attributes: those in `known` stay, the others are drawn from the world's prior."""
    product = known.get("product") or rng.choice(ATTRIBUTES["product"])
    usual = MATERIALS_OF[product] if rng.random() < 0.875 else ATTRIBUTES["material"]
    drawn = {
        "product": product,
        "colour": rng.choice(ATTRIBUTES["colour"]),
        "material": rng.choice(usual),
        "finish": rng.choice(ATTRIBUTES["finish"]),
        "scene": rng.choice(SCENES),
    }
    return {name: known.get(name, value) for name, value in drawn.items()}


def sample_scene(seed: int) -> Scene:
    """The scene of a seed: the same on every machine (Python's Mersenne Twister)."""
    rng = random.Random(seed)
    core = sample_core(rng, {})
    values = sample_continuous(rng, core)
    shape = tuple(values.pop(f"shape.{i}") for i in range(SHAPES))
    return Scene.from_record({"seed": seed, **core, **values, "shape": shape})
