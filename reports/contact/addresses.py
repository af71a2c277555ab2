"""Where a sign may go, read as people write it: a mailbox, or the number of a mobile phone."""

import idna
import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberType

from reports.contact.contract import ADDRESSES
from reports.states import Via

MOST = 254  # RFC 5321, 4.5.3.1.3
# In several countries a number does not tell which of both it is.
MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class NotAnAddress(ValueError):
    """It can't be written to. `sentence` says why."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__()
        self.sentence = sentence


NO_MAIL = _("This is not a whole e-mail address. It looks like name@example.org.")
NO_NUMBER = _("This is not a phone number we can write to. Write all of its digits.")
NOT_MOBILE = _(
    "A text message needs the number of a mobile phone. This one belongs to a landline or a service."
)


def read(via: str, written: str) -> str:
    """`written` as a sign goes there by `via`. Raises NotAnAddress."""
    return mailbox(written) if via == Via.EMAIL else mobile_number(written, region=settings.PHONE_REGION)


def mailbox(written: str) -> str:
    """`written` as it is sent to, its domain in ASCII. Raises NotAnAddress."""
    text = "".join(written.split())
    try:
        EmailValidator(allowlist=[])(text)
        name, _at, domain = text.rpartition("@")
        found = f"{name}@{idna.encode(domain, uts46=True).decode()}"
    except (ValidationError, idna.IDNAError) as error:
        raise NotAnAddress(NO_MAIL) from error
    if len(found) > MOST or not ADDRESSES[Via.EMAIL].fullmatch(found):
        raise NotAnAddress(NO_MAIL)
    return found


def mobile_number(written: str, *, region: str) -> str:
    """`written` in the international form (+33639980012); without a country's code it is one of `region`.

    Raises NotAnAddress: also for a landline, which others pick up, and which reads messages aloud.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException as error:
        raise NotAnAddress(NO_NUMBER) from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise NotAnAddress(NO_NUMBER)
    if phonenumbers.number_type(number) not in MOBILE:
        raise NotAnAddress(NOT_MOBILE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(number: str) -> str:
    """An international number with the spaces people read it by."""
    try:
        found = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
