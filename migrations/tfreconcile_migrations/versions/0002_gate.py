"""What a gate needs: signatures and seals of approvals, tags that were looked at, a trusted head, a journal.

Approvals that were given before have no seal and do not count: they are to be given again. What is known of
a stack without a seal is not believed until the stack is in effect once more. What was applied had settled.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """New columns first."""
    op.add_column("approvals", sa.Column("signature", sa.JSON(), nullable=True))
    op.add_column("approvals", sa.Column("seal", sa.String(), nullable=True))
    op.add_column("stacks", sa.Column("defined_revision", sa.String(), nullable=True))
    op.add_column("stacks", sa.Column("on_removal", sa.String(), nullable=False, server_default="orphan"))
    op.add_column("stacks", sa.Column("ignored", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("stacks", sa.Column("depends_on", sa.JSON(), nullable=False, server_default="[]"))
    for name in ("settled_revision", "settled_inputs", "seal", "definition_seal", "place", "claimed"):
        op.add_column("stacks", sa.Column(name, sa.String(), nullable=True))
    op.execute("UPDATE stacks SET settled_revision = applied_revision, settled_inputs = applied_inputs")
    op.add_column("plans", sa.Column("mode", sa.String(), nullable=False, server_default="normal"))
    _tags()
    _sources()
    _journal()


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("stack", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signer", sa.Text(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tags_ref_object"), "tags", ["ref", "object"], unique=True)


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("accepted", sa.String(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signer", sa.Text(), nullable=True),
        sa.Column("head", sa.String(), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("branch", name=op.f("pk_sources")),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("stack", sa.String(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_journal_stack_id"), "journal", ["stack", "id"], unique=False)
