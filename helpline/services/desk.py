"""What every service has before it: the open transaction, the moment, the policy, the wording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from helpline.domain.crisis.judge import Detector
from helpline.domain.crisis_lines import CrisisLines
from helpline.domain.escalation import Escalation
from helpline.domain.links import Links
from helpline.domain.phone import PhoneNumber
from helpline.domain.policy import Policy
from helpline.domain.record import Kind
from helpline.domain.wishes import Vocabulary
from helpline.domain.wording import Wording
from helpline.storage import record


@dataclass(frozen=True, slots=True)
class House:
    """What does not change while a process runs."""

    policy: Policy
    wording: Wording
    vocabulary: Vocabulary
    detector: Detector
    crisis_lines: CrisisLines
    escalation: Escalation
    links: Links

    def emergency(self, phone: PhoneNumber | None, language: str | None) -> str:
        """How to reach emergency help where a number's prefix hints that somebody is."""
        line = self.crisis_lines.line_for(phone, self.policy.country)
        if self.wording.has(f"emergency_{line.country}"):
            return self.wording.say(f"emergency_{line.country}", language)
        if line.emergency:
            return self.wording.say("emergency_known", language, emergency=line.emergency)
        return self.wording.say("emergency_unknown", language)


@dataclass(frozen=True, slots=True)
class Desk:
    """One transaction, opened and committed by the door that called; `now` is aware UTC."""

    session: Session
    now: datetime
    house: House

    @property
    def policy(self) -> Policy:
        """The operator's choices."""
        return self.house.policy

    def say(self, key: str, language: str | None = None, /, **facts: object) -> str:
        """A text from the wording files."""
        return self.house.wording.say(key, language, **facts)

    def note(
        self,
        line_id: int,
        kind: Kind,
        *,
        conversation_id: int | None = None,
        volunteer_id: int | None = None,
        **facts: int | str | bool | None,
    ) -> None:
        """Write into the record."""
        record.write(
            self.session,
            line_id,
            kind,
            self.now,
            conversation_id=conversation_id,
            volunteer_id=volunteer_id,
            **facts,
        )
