"""Vectors: what images are like; and kind and backend join what a search looks at."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "vectors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String, sa.ForeignKey("images.sha256", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("meaning", sa.LargeBinary, nullable=False),
        sa.Column("look", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vectors_version", "vectors", ["version"])
    op.drop_index("ix_images_search", "images")
    op.create_index(
        "ix_images_search",
        "images",
        [
            *("owner", "deleted", "created", "index", "sha256", "starred", "project_id", "kind", "backend"),
            *("colours", "words"),
        ],
    )
