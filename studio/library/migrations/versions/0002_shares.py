"""Shares: links, what they show, and what visitors say."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "shares",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("token_sha256", sa.String, nullable=False, unique=True),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("expires", sa.DateTime),
        sa.Column("revoked", sa.DateTime),
        sa.Column("password_hash", sa.String),
        sa.Column("download", sa.Boolean, nullable=False),
        sa.Column("demo_left", sa.Integer, nullable=False),
        sa.Column("views", sa.Integer, nullable=False),
    )
    op.create_index("ix_shares_owner", "shares", ["owner", "created"])
    op.create_table(
        "shared_images",
        sa.Column("share_id", sa.Integer, sa.ForeignKey("shares.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String, sa.ForeignKey("images.sha256", ondelete="CASCADE"), nullable=False, index=True),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("share_id", sa.Integer, sa.ForeignKey("shares.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
