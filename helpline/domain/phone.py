"""A phone number that prints only its last two digits."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers

E164 = re.compile(r"\+[1-9]\d{6,14}")


class NotAPhoneNumber(ValueError):
    """The text is not a phone number that can be texted and called."""


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """A number in E.164. `e164` is for the carrier and the sealed column only."""

    e164: str

    def __post_init__(self) -> None:
        if not E164.fullmatch(self.e164):
            raise NotAPhoneNumber

    def __repr__(self) -> str:
        return f"PhoneNumber(…{self.e164[-2:]})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


def parse_phone(text: str, country: str) -> PhoneNumber:
    """Read a number as people write it, local to `country` (two letters) or with a plus.

    Numbers of a length that their country does not have are refused; ranges that are merely
    not assigned yet are not (see `in_use`). Raises `NotAPhoneNumber`.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise NotAPhoneNumber from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise NotAPhoneNumber
    return PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def in_use(phone: PhoneNumber) -> bool:
    """Whether the number lies in a range that is assigned today: a guard against typing errors."""
    return bool(phonenumbers.is_valid_number(phonenumbers.parse(phone.e164, None)))


def region_of(phone: PhoneNumber) -> str:
    """The country (two letters) that the number's prefix hints at; empty if none does."""
    number = phonenumbers.parse(phone.e164, None)
    region = phonenumbers.region_code_for_number(number)
    if region is None and number.country_code is not None:
        region = phonenumbers.region_code_for_country_code(number.country_code)
    return "" if region in (None, "ZZ", "001") else str(region)
