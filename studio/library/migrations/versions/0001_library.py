"""The library: images, their recipes, projects, tags."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.UniqueConstraint("owner", "name"),
    )
    op.create_table(
        "images",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("prompt", sa.String, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("num_bytes", sa.Integer, nullable=False),
        sa.Column("backend", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("model_sha256", sa.String, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("words", sa.String, nullable=False),
        sa.Column("colours", sa.String, nullable=False),
        sa.Column("starred", sa.Boolean, nullable=False),
        sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id", ondelete="SET NULL"), index=True),
        sa.Column("deleted", sa.DateTime),
    )
    op.create_index(
        "ix_images_search",
        "images",
        ["owner", "deleted", "created", "index", "sha256", "starred", "project_id", "colours", "words"],
    )
    op.create_table(
        "recipes",
        sa.Column("sha256", sa.String, sa.ForeignKey("images.sha256", ondelete="CASCADE"), primary_key=True),
        sa.Column("recipe", sa.JSON, nullable=False),
    )
    op.create_table(
        "tags",
        sa.Column("sha256", sa.String, sa.ForeignKey("images.sha256", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
    )
    op.create_index("ix_tags_tag", "tags", ["owner", "tag"])
