"""A notice as plain text: what e-mail carries and a person pastes into a form."""

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from cases.takedowns.notices import NoticeContent


def subject(content: NoticeContent) -> str:
    """One line; the notice's id lets an answer find its way back."""
    with translation.override(content.language):
        flagger = content.notifier.get("trusted_flagger")
        said = (
            gettext("Trusted flagger notice %(id)s: illegal content, removal requested")
            if flagger
            else gettext("Notice %(id)s: illegal content, removal requested")
        )
        return said % {"id": content.notice_id}


def text(content: NoticeContent) -> str:
    """The whole notice in its own language."""
    with translation.override(content.language):
        return render_to_string("takedowns/notice.txt", {"notice": content}).strip() + "\n"
