"""How colleagues read what was done to an incident."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases import words
from cases.incidents.models import IncidentStep
from cases.incidents.states import Step

Words = str | Promise
# Why a case is proposed, as a whole sentence.
REASONS: Mapping[str, Words] = {
    "code": gettext_lazy("They named the code that the school gave out."),
    "url": gettext_lazy("The same link."),
    "account": gettext_lazy("The same account."),
    "fingerprint": gettext_lazy("The same picture, by its fingerprint."),
    "near": gettext_lazy("A picture that looks the same, by its fingerprint."),
    "school": gettext_lazy("The same school."),
}
COLUMNS: Mapping[str, Words] = {**words.SHARED, "near": gettext_lazy("Pictures that look the same")}
TONES: Mapping[str, str] = {
    Step.PROPOSED: "wait",
    Step.JOINED: "good",
    Step.ADDED: "good",
    Step.OPENED: "go",
    Step.REOPENED: "go",
    Step.ASKED: "go",
}


def step(row: IncidentStep) -> str:
    """One line of the history. Cases are counted, not named: not everybody may see each."""
    count = len(row.changes)
    data: Mapping[str, Any] = row.data
    match row.what:
        case Step.PROPOSED:
            text = ngettext("%(count)s case proposed", "%(count)s cases proposed", count)
        case Step.JOINED:
            text = ngettext("%(count)s case joined", "%(count)s cases joined", count)
        case Step.KEPT_APART:
            text = ngettext("%(count)s case kept apart", "%(count)s cases kept apart", count)
        case Step.ADDED:
            text = ngettext("%(count)s case added by hand", "%(count)s cases added by hand", count)
        case Step.OPENED:
            text = ngettext(
                "Opened by hand with %(count)s case", "Opened by hand with %(count)s cases", count
            )
        case Step.SPLIT:
            text = ngettext("%(count)s case split off", "%(count)s cases split off", count)
        case Step.MERGED:
            text = ngettext("Merged, with %(count)s case", "Merged, with %(count)s cases", count)
        case Step.ASKED:
            count = data.get("count", 0)
            text = ngettext(
                "Removal asked for %(count)s link on %(platform)s",
                "Removal asked for %(count)s links on %(platform)s",
                count,
            )
            return text % {"count": count, "platform": data.get("platform", "")}
        case Step.UNDONE:
            return _("Undone: %(what)s") % {"what": str(Step(data["step"]).label)}
        case _:
            return str(Step(row.what).label)
    return text % {"count": count}
