"""What is said on the phone and what follows: scripts from the wording, nothing looked up."""

from __future__ import annotations

from dataclasses import dataclass

from helpline.domain.phone import PhoneNumber
from helpline.domain.script import (
    Ask,
    Go,
    Join,
    Leave,
    Pause,
    Play,
    Record,
    Ring,
    Say,
    Script,
    Verb,
)
from helpline.services.desk import House

# What a caller may press during the greeting; languages follow from 3 on.
KEY_MAY_CALL_BACK, KEY_INSTEAD, KEY_FIRST_LANGUAGE = "1", "2", 3
KEY_REFUSE_RECORDING, KEY_CRISIS_LINE = "8", "9"
KEY_PROFESSIONAL, KEY_LEAD = "9", "5"
AFTER_GREETING_SECONDS = 2
TO_CHOOSE_SECONDS = 8
TO_ACCEPT_SECONDS = 8
STAR_SECONDS = 5
CRISIS_LINE_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Scripts:
    """Every script, in one language."""

    house: House
    language: str | None = None

    def say(self, key: str, /, **facts: object) -> Say:
        """Words from the wording files."""
        words = self.house.wording.say(key, self.language, **facts)
        return Say(words, self.house.wording.say("spoken_as", self.language))

    def url(self, path: str) -> str:
        """An address of ours, whole: what is asked next never depends on where it was asked."""
        return f"{self.house.policy.public_url}/twilio/voice{path}"

    @property
    def _line(self) -> str:
        return self.house.policy.line_name

    # The caller

    def greeting(self, phone: PhoneNumber | None, room: str) -> Script:
        """Who this is, what to do in an emergency, which keys there are; then the waiting room."""
        policy = self.house.policy
        emergency = self.house.emergency(phone, self.language)
        said = [
            self.say("call_greeting", line=self._line, emergency=emergency),
            self.say("call_keys"),
            *self._languages(),
        ]
        ask = Ask(tuple(said), self.url("/menu"), AFTER_GREETING_SECONDS)
        return (ask, *self.waiting_room(room, recorded=policy.records_calls))

    def _languages(self) -> list[Say]:
        """`For English, press 3`, in each other language."""
        return [
            Scripts(self.house, language).say("call_key_language", key=key)
            for key, language in self.languages().items()
        ]

    def languages(self) -> dict[int, str]:
        """The key for each other language that can be spoken."""
        own = self.language or self.house.policy.language
        others = [each for each in sorted(self.house.wording.texts) if each != own]
        return dict(enumerate(others, KEY_FIRST_LANGUAGE))

    def waiting_room(self, room: str, *, recorded: bool = False) -> Script:
        """Music and honest word until a peer comes; the caller's end is the end of the call.

        Where the call is recorded that is said here, each time, with the key that refuses it: no
        key pressed before and no move can lead into a recorded room past it (R37).
        """
        join = Join(
            room,
            self.url("/after"),
            self.url(f"/wait?language={self.language or ''}"),
            self.url("/conference"),
            starts=False,
            ends=True,
            label="caller",
            recorded_to=self.url("/recording") if recorded else "",
        )
        if not recorded:
            return (join,)
        notice = Ask((self.say("call_recorded"),), self.url("/menu"), AFTER_GREETING_SECONDS)
        return (notice, join)

    def music(self, times: int) -> Script:
        """Never more than a quarter of a minute without a word.

        One document lasts about a minute, so that we can be away for a while unnoticed.
        """
        first = "call_waiting_1" if times == 0 else "call_waiting_2"
        script: list[Verb] = []
        for key in (first, "call_waiting_2", "call_waiting_1", "call_waiting_2"):
            script += [Play(self._sound), self.say(key)]
        again = Go(self.url(f"/wait?times={times + 1}&language={self.language or ''}"))
        return (*script, again)

    def one_moment(self) -> Script:
        """What a peer hears who is in the room before the caller."""
        moment = (self.say("leg_one_moment"), Play(self._sound))
        return (*moment, *moment, *moment, Go(self.url("/wait-for-caller")))

    @property
    def _sound(self) -> str:
        return f"{self.house.policy.public_url}/sound/waiting.wav"

    def crisis_line(self, number: str, sender: str) -> Script:
        """Straight to the professional line, at the caller's wish."""
        ring = Ring(number, sender, self.url("/after-crisis-line"), CRISIS_LINE_SECONDS)
        return (self.say("call_crisis_line"), ring)

    def instead(self, *, withheld: bool, room: str) -> Script:
        """A text or a call back instead of waiting."""
        key = "call_instead_withheld" if withheld else "call_instead"
        ask = Ask((self.say(key),), self.url("/instead"), TO_CHOOSE_SECONDS)
        return (ask, *self.waiting_room(room))

    def choice(self, phone: PhoneNumber | None, *, can_call: bool) -> Script:
        """Nobody came: a message, a call back, or to wait on. Saying nothing waits on."""
        key = "call_nobody" if can_call else "call_nobody_withheld"
        said = self.say(key, emergency=self.house.emergency(phone, self.language))
        ask = Ask((said,), self.url("/choose"), TO_CHOOSE_SECONDS)
        return (ask, Go(self.url("/room")))

    def message(self) -> Script:
        """Leave a message; one that is empty is not kept."""
        record = Record(
            self.url("/message-left"),
            self.url("/recording"),
            round(self.house.policy.voicemail.total_seconds()),
        )
        return (self.say("call_leave_message"), record, self.say("call_no_message"), Leave())

    def ask_volunteer(self) -> Script:
        """A volunteer calls: for themself, or because they missed a call of ours."""
        ask = Ask((self.say("leg_you_call_us"),), self.url("/room"), TO_CHOOSE_SECONDS)
        return (ask, Go(self.url("/room")))

    def announcement(self, key: str) -> Script:
        """Words and a little music, for somebody who would hear nothing."""
        return (self.say(key), Play(self._sound))

    def alone(self) -> Script:
        """The peer has gone and the caller has not."""
        ask = Ask((self.say("call_peer_gone"), Pause(1)), self.url("/again"), TO_CHOOSE_SECONDS)
        return (ask, Go(self.url("/again")))

    def bye(self, key: str = "call_bye", /, **facts: object) -> Script:
        """Words, and the call ends."""
        return (self.say(key, **facts), Leave())

    def trouble(self, phone: PhoneNumber | None, back: str) -> Script:
        """We are not well: say so, name the emergency number, and ask again in a moment."""
        emergency = self.house.emergency(phone, self.language)
        return (self.say("call_trouble", emergency=emergency), Pause(4), Go(back))

    def down(self) -> Script:
        """What the carrier says by itself while we are down: an apology and the emergency number.

        It stands with the carrier and refers to nothing of ours.
        """
        said = self.say("call_down", emergency=self.house.emergency(None, self.language))
        return (said, Pause(1), said, Leave())

    # Phones that we call

    def ask_key(self, token: str, *said: Say, again: bool = False) -> Script:
        """A question that only a person can answer with a key; a voicemail box cannot (R5)."""
        ask = Ask(said, self.url(f"/leg/{token}/key?again={int(again)}"), TO_ACCEPT_SECONDS)
        return (ask, self.say("leg_not_taken"), Leave())

    def room(self, token: str, room: str, *, ends: bool = False) -> Script:
        """Into the room: a peer, whom `*` lets out for a moment, or a person whose end ends it."""
        return (self._join(token, room, ends=ends, star=not ends),)

    def third(self, token: str, room: str, *, coach: str = "") -> Script:
        """Into the room as one more; with `coach` heard only by that call."""
        return (self._join(token, room, coach=coach),)

    def _join(
        self, token: str, room: str, *, ends: bool = False, star: bool = False, coach: str = ""
    ) -> Join:
        return Join(
            room,
            self.url(f"/leg/{token}/over"),
            self.url("/wait-for-caller"),
            self.url("/conference"),
            starts=True,
            ends=ends,
            coach=coach,
            star=star,
        )

    def ask_call_back(self, token: str, said: tuple[Say, ...]) -> Script:
        """The caller was cut off: one press calls them back."""
        ask = Ask(said, self.url(f"/leg/{token}/call-back"), TO_CHOOSE_SECONDS)
        return (ask, self.say("leg_bye"), Leave())

    def out_of_the_room(self, token: str) -> Script:
        """A peer is out of the room, and whether by `*` or because the caller went is known soon.

        The carrier tells both at once, and does not say which it was.
        """
        return (Pause(1), Go(self.url(f"/leg/{token}/out")))

    def not_yet(self, token: str) -> Script:
        """The peer before is still being let go: two never meet in one room."""
        return (self.say("leg_one_moment"), Pause(1), Go(self.url(f"/leg/{token}/back")))

    def star(self, token: str) -> Script:
        """A peer has pressed `*`: whom to bring in; anything else leads back."""
        ask = Ask((self.say("leg_star"),), self.url(f"/leg/{token}/star"), STAR_SECONDS)
        return (ask, Go(self.url(f"/leg/{token}/back")))
