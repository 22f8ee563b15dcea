"""The tables, a file per family."""

from helpline.storage.models.alerts import Alert, AlertNotice, Assessment, Rescue
from helpline.storage.models.base import Base
from helpline.storage.models.calls import Call, CallLeg, CallOrder, Pace, Voicemail
from helpline.storage.models.conversations import (
    Conversation,
    HeldText,
    Message,
    Note,
    Offer,
    Place,
    WrapUp,
)
from helpline.storage.models.lines import Line, Number
from helpline.storage.models.outbox import (
    AuditEvent,
    CarrierCopy,
    Heartbeat,
    Inbound,
    Lease,
    OutgoingText,
    Step,
)
from helpline.storage.models.people import Contact, Duty, Shift, ShiftTemplate, Volunteer

__all__ = [
    "Alert",
    "AlertNotice",
    "Assessment",
    "AuditEvent",
    "Base",
    "Call",
    "CallLeg",
    "CallOrder",
    "CarrierCopy",
    "Contact",
    "Conversation",
    "Duty",
    "Heartbeat",
    "HeldText",
    "Inbound",
    "Lease",
    "Line",
    "Message",
    "Note",
    "Number",
    "Offer",
    "OutgoingText",
    "Pace",
    "Place",
    "Rescue",
    "Shift",
    "ShiftTemplate",
    "Step",
    "Voicemail",
    "Volunteer",
    "WrapUp",
]
