"""The files that go out join the images that they were made of, and links show them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("image", sa.String, sa.ForeignKey("images.sha256", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("ending", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("num_bytes", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
    with op.batch_alter_table("shared_images") as table:  # made anew: SQLite adds no foreign key to a table
        table.add_column(sa.Column("export", sa.String))
        table.create_foreign_key("fk_shared_images_export", "exports", ["export"], ["sha256"], ondelete="CASCADE")
        table.create_index("ix_shared_images_export", ["export"])
