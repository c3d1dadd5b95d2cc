"""One function a product: a look in, parts standing on z = 0 with the hero side towards -y out.

Units are the product's own, as every product is scaled to fit the frame. `look.s` are the scene's proportions in
-1..1: `s[0]` is slim to wide for every product, the others are named where they are used.
"""

from __future__ import annotations

from collections.abc import Callable

from studio.world.render.look import Look
from studio.world.render.products import bags, bottles, electronics, furniture, kitchen, shoes, toys, wearables

BUILDERS: dict[str, Callable[[Look], None]] = {
    "mug": kitchen.mug,
    "bowl": kitchen.bowl,
    "teapot": kitchen.teapot,
    "jar": kitchen.jar,
    "vase": kitchen.vase,
    "glass": kitchen.glass,
    "bottle": bottles.bottle,
    "perfume bottle": bottles.perfume_bottle,
    "can": bottles.can,
    "tube": bottles.cosmetic_tube,
    "dispenser": bottles.dispenser,
    "handbag": bags.handbag,
    "backpack": bags.backpack,
    "suitcase": bags.suitcase,
    "toy car": toys.toy_car,
    "ball": toys.ball,
    "toy blocks": toys.toy_blocks,
    "lamp": furniture.lamp,
    "chair": furniture.chair,
    "office chair": furniture.office_chair,
    "couch": furniture.couch,
    "headphones": electronics.headphones,
    "speaker": electronics.speaker,
    "camera": electronics.camera,
    "watch": wearables.watch,
    "sunglasses": wearables.sunglasses,
    "cap": wearables.cap,
    "shoe": shoes.shoe,
    "sneaker": shoes.sneaker,
    "sandal": shoes.sandal,
    "boot": shoes.boot,
}
