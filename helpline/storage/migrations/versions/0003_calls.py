"""Calls: legs, orders to the carrier, voicemail; conversations by voice beside those by text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN = "state IN ('active', 'offered', 'waiting')"
PENDING = "state = 'pending'"


def upgrade() -> None:
    """Apply."""
    op.create_table('pace',
    sa.Column('line_id', sa.BigInteger(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['line_id'], ['line.id'], name=op.f('fk_pace_line_id_line')),
    sa.PrimaryKeyConstraint('line_id', name=op.f('pk_pace'))
    )
    op.create_table('call',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('line_id', sa.BigInteger(), nullable=False),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('room', sa.String(), nullable=False),
    sa.Column('conference_sid', sa.String(), nullable=True),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('was_promised', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('may_call_back', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('called_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refused_recording', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('bridged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_call_conversation_id_conversation')),
    sa.ForeignKeyConstraint(['line_id'], ['line.id'], name=op.f('fk_call_line_id_line')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call'))
    )
    op.create_index('ix_call_conversation', 'call', ['conversation_id', 'id'], unique=False)
    op.create_index('ix_call_open', 'call', ['line_id', 'id'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('uq_call_room', 'call', ['room'], unique=True)
    op.create_table('voicemail',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('line_id', sa.BigInteger(), nullable=False),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('sid', sa.String(), nullable=False),
    sa.Column('url', sa.LargeBinary(), nullable=False),
    sa.Column('is_call', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delete_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_voicemail_conversation_id_conversation')),
    sa.ForeignKeyConstraint(['line_id'], ['line.id'], name=op.f('fk_voicemail_line_id_line')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_voicemail'))
    )
    op.create_index('ix_voicemail_conversation', 'voicemail', ['conversation_id'], unique=False)
    op.create_index('uq_voicemail_sid', 'voicemail', ['sid'], unique=True)
    op.create_table('call_leg',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('line_id', sa.BigInteger(), nullable=False),
    sa.Column('call_id', sa.BigInteger(), nullable=True),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('volunteer_id', sa.BigInteger(), nullable=True),
    sa.Column('offer_id', sa.BigInteger(), nullable=True),
    sa.Column('alert_id', sa.BigInteger(), nullable=True),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('to_phone', sa.LargeBinary(), nullable=True),
    sa.Column('sender', sa.String(), nullable=False),
    sa.Column('sid', sa.String(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('ending', sa.String(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ringing_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('joined_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("ending IN ('completed', 'busy', 'no-answer', 'failed', 'canceled', 'refused', 'withdrawn')", name=op.f('ck_call_leg_ending_is_known')),
    sa.CheckConstraint("kind IN ('caller', 'peer', 'professional', 'lead', 'alert')", name=op.f('ck_call_leg_kind_is_known')),
    sa.CheckConstraint("state IN ('queued', 'ringing', 'answered', 'joined', 'ended')", name=op.f('ck_call_leg_state_is_known')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('fk_call_leg_alert_id_alert')),
    sa.ForeignKeyConstraint(['call_id'], ['call.id'], name=op.f('fk_call_leg_call_id_call')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_call_leg_conversation_id_conversation')),
    sa.ForeignKeyConstraint(['line_id'], ['line.id'], name=op.f('fk_call_leg_line_id_line')),
    sa.ForeignKeyConstraint(['offer_id'], ['offer.id'], name=op.f('fk_call_leg_offer_id_offer')),
    sa.ForeignKeyConstraint(['volunteer_id'], ['volunteer.id'], name=op.f('fk_call_leg_volunteer_id_volunteer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_leg'))
    )
    op.create_index('ix_call_leg_call', 'call_leg', ['call_id', 'id'], unique=False)
    op.create_index('ix_call_leg_conversation', 'call_leg', ['conversation_id'], unique=False)
    op.create_index('ix_call_leg_open', 'call_leg', ['volunteer_id', 'id'], unique=False, postgresql_where=sa.text("state <> 'ended'"))
    op.create_index('uq_call_leg_offer', 'call_leg', ['offer_id'], unique=True)
    op.create_index('uq_call_leg_sid', 'call_leg', ['sid'], unique=True)
    op.create_index('uq_call_leg_token', 'call_leg', ['token'], unique=True)
    op.create_table('call_order',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('line_id', sa.BigInteger(), nullable=False),
    sa.Column('leg_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('path', sa.String(), server_default='', nullable=False),
    sa.Column('state', sa.String(), server_default='queued', nullable=False),
    sa.Column('attempts', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('dial', 'end', 'move', 'check', 'announce')", name=op.f('ck_call_order_kind_is_known')),
    sa.CheckConstraint("state IN ('queued', 'doing', 'unsure', 'done', 'failed', 'withdrawn')", name=op.f('ck_call_order_state_is_known')),
    sa.ForeignKeyConstraint(['leg_id'], ['call_leg.id'], name=op.f('fk_call_order_leg_id_call_leg')),
    sa.ForeignKeyConstraint(['line_id'], ['line.id'], name=op.f('fk_call_order_line_id_line')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_order'))
    )
    op.create_index('ix_call_order_due', 'call_order', ['due_at', 'id'], unique=False, postgresql_where=sa.text("state IN ('doing', 'queued', 'unsure')"))
    op.create_index('ix_call_order_leg', 'call_order', ['leg_id', 'id'], unique=False, postgresql_where=sa.text("state IN ('doing', 'queued', 'unsure')"))
    op.alter_column('contact', 'phone', existing_type=sa.LargeBinary(), nullable=True)
    op.add_column('conversation', sa.Column('channel', sa.String(), server_default='text', nullable=False))
    op.add_column('conversation', sa.Column('not_before', sa.DateTime(timezone=True)))
    op.add_column('offer', sa.Column('is_call', sa.Boolean(), server_default='false', nullable=False))
    op.drop_constraint(op.f('uq_place_conversation_id'), 'place', type_='unique')
    op.create_unique_constraint(op.f('uq_place_conversation_id_volunteer_id'), 'place', ['conversation_id', 'volunteer_id'])
    op.create_check_constraint("channel_is_known", "conversation", "channel IN ('text', 'voice', 'call_back')")
    op.drop_index("uq_conversation_open", table_name="conversation")
    op.create_index("uq_conversation_open", "conversation", ["contact_id"], unique=True, postgresql_where=sa.text(f"{OPEN} AND channel = 'text'"))
    op.drop_index("uq_offer_conversation", table_name="offer")
    op.create_index("uq_offer_conversation", "offer", ["conversation_id"], unique=True, postgresql_where=sa.text(f"{PENDING} AND NOT is_call"))
    op.drop_constraint("kind_is_known", "inbound", type_="check")
    op.create_check_constraint("kind_is_known", "inbound", "kind IN ('text', 'report', 'call', 'leg', 'room', 'voicemail')")
    op.drop_constraint("state_is_known", "offer", type_="check")
    op.create_check_constraint("state_is_known", "offer", "state IN ('pending', 'accepted', 'passed', 'expired', 'withdrawn', 'undelivered')")


def downgrade() -> None:
    """Undo; calls are lost, and who called withheld stays without a number."""
    op.drop_constraint("kind_is_known", "inbound", type_="check")
    op.execute("DELETE FROM inbound WHERE kind NOT IN ('text', 'report')")
    op.create_check_constraint("kind_is_known", "inbound", "kind IN ('text', 'report')")
    op.drop_constraint("state_is_known", "offer", type_="check")
    op.execute("UPDATE offer SET state = 'withdrawn' WHERE state = 'undelivered'")
    op.create_check_constraint("state_is_known", "offer", "state IN ('pending', 'accepted', 'passed', 'expired', 'withdrawn')")
    op.drop_index("uq_offer_conversation", table_name="offer")
    op.drop_index("uq_conversation_open", table_name="conversation")
    op.drop_table('call_order')
    op.drop_table('call_leg')
    op.drop_table('voicemail')
    op.drop_table('call')
    op.drop_table('pace')
    op.drop_constraint(op.f('uq_place_conversation_id_volunteer_id'), 'place', type_='unique')
    op.create_unique_constraint(op.f('uq_place_conversation_id'), 'place', ['conversation_id'], postgresql_nulls_not_distinct=False)
    op.drop_column('offer', 'is_call')
    op.drop_column('conversation', 'not_before')
    op.drop_column('conversation', 'channel')
    op.create_index("uq_offer_conversation", "offer", ["conversation_id"], unique=True, postgresql_where=sa.text(PENDING))
    op.create_index("uq_conversation_open", "conversation", ["contact_id"], unique=True, postgresql_where=OPEN)
