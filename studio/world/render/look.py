"""What a builder is given: materials, proportions and the kind of product that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy

#: Colour in linear light, roughness and metallic, for `plain`: what small parts are made of.
STEEL = ((0.75, 0.75, 0.77), 0.25, 1.0)
GOLD = ((0.83, 0.6, 0.22), 0.22, 1.0)
RUBBER = ((0.02, 0.02, 0.022), 0.6, 0.0)
CLAY = ((0.5, 0.33, 0.22), 0.9, 0.0)


@dataclass(frozen=True, kw_only=True)
class Look:
    """`skin` is the product's own material; `s` its proportions; `silhouette` one of those that PRODUCTS names."""

    skin: bpy.types.Material
    accent: bpy.types.Material | None
    s: Sequence[float]
    silhouette: str

    def part(self, usual: bpy.types.Material) -> bpy.types.Material:
        """The material of the part that has the second colour, or its usual one."""
        return self.accent or usual
