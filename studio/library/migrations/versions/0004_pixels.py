"""The hash of its pixels joins an image: a picture that comes back to be edited is known by it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("images", sa.Column("pixels_sha256", sa.String, nullable=False, server_default=""))
    images, recipes = (
        sa.table("images", sa.column("sha256"), sa.column("pixels_sha256")),
        sa.table("recipes", sa.column("sha256"), sa.column("recipe", sa.JSON)),
    )
    pixels = sa.select(recipes.c.recipe["pixels_sha256"].as_string()).where(recipes.c.sha256 == images.c.sha256)
    op.execute(sa.update(images).values(pixels_sha256=sa.func.coalesce(pixels.scalar_subquery(), "")))
    op.create_index("ix_images_pixels_sha256", "images", ["pixels_sha256"])
