"""What the detector says, and the alerts that bring people in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("contact", sa.Column("crisis_text_at", sa.DateTime(timezone=True)))
    op.add_column("conversation", sa.Column("heard", sa.LargeBinary()))
    op.add_column(
        "conversation",
        sa.Column("earlier_risk", sa.SmallInteger(), server_default="0", nullable=False),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("lexicon", sa.String(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name="fk_assessment_line_id_line"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_assessment_conversation_id_conversation",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_assessment_message_id_message"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assessment"),
        sa.UniqueConstraint("message_id", name="uq_assessment_message_id"),
    )
    op.create_index("ix_assessment_conversation", "assessment", ["conversation_id", "id"])
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("asked_by", sa.BigInteger()),
        sa.Column("why", sa.LargeBinary()),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rounds", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("acknowledged_by", sa.BigInteger()),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("joined_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.LargeBinary()),
        sa.Column("is_false_alarm", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            "state IN ('raised', 'acknowledged', 'resolved')", name="ck_alert_state_is_known"
        ),
        sa.CheckConstraint(
            "(state = 'raised') = (acknowledged_by IS NULL)",
            name="ck_alert_acknowledged_by_somebody",
        ),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name="fk_alert_line_id_line"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_alert_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["volunteer.id"], name="fk_alert_asked_by_volunteer"
        ),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["volunteer.id"], name="fk_alert_acknowledged_by_volunteer"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index(
        "uq_alert_open",
        "alert",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_index(
        "ix_alert_holder",
        "alert",
        ["acknowledged_by"],
        postgresql_where=sa.text("state = 'acknowledged'"),
    )
    op.create_table(
        "alert_notice",
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("first_told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_notice_alert_id_alert"),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name="fk_alert_notice_volunteer_id_volunteer"
        ),
        sa.PrimaryKeyConstraint("alert_id", "volunteer_id", name="pk_alert_notice"),
    )
    op.create_index("ix_alert_notice_volunteer_id", "alert_notice", ["volunteer_id"])
    op.create_table(
        "rescue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("called_by", sa.BigInteger(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("has_consent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name="fk_rescue_line_id_line"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_rescue_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_rescue_alert_id_alert"),
        sa.ForeignKeyConstraint(
            ["called_by"], ["volunteer.id"], name="fk_rescue_called_by_volunteer"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rescue"),
    )
    op.create_index(
        "ix_rescue_open",
        "rescue",
        ["called_by", "id"],
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_index("ix_rescue_conversation", "rescue", ["conversation_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("rescue")
    op.drop_table("alert_notice")
    op.drop_table("alert")
    op.drop_table("assessment")
    op.drop_column("conversation", "earlier_risk")
    op.drop_column("conversation", "heard")
    op.drop_column("contact", "crisis_text_at")
