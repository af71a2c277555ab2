"""What colleagues say when they hand something over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases.forms import choose_from
from cases.handover import desk
from cases.handover.models import Transfer
from cases.models import Case
from helpline.accounts.models import Staff, Team

MAX_WORDS = 2000
MAX_LEFT = 5000
FOR = {
    "4": (_("4 hours"), timedelta(hours=4)),
    "24": (_("A day"), timedelta(hours=24)),
    "72": (_("3 days"), timedelta(hours=72)),
    "168": (_("A week"), timedelta(hours=168)),
}
NOBODY = "nobody"
KEEP = ""


def _words(label: Any, *, help_text: Any = "", required: bool = True, rows: int = 3) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "autocomplete": "off"})
    return forms.CharField(
        label=label, max_length=MAX_WORDS, widget=widget, help_text=help_text, required=required
    )


class ColleagueField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Somebody who could take a case now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Staff.objects.none(), *args, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return desk.described(obj)


class OfferForm(forms.Form):
    """To whom, and why. Cleaned into `receiver`."""

    prefix = "offer"
    colleague = ColleagueField(label=_("A colleague"), required=False, empty_label=_("Choose…"))
    team = forms.ModelChoiceField(
        label=_("Or a team: the first who says yes has it"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("Choose…"),
    )
    reason = _words(
        _("Why, and what they have to know"),
        help_text=_("They read it before they answer. It is locked with the case."),
    )

    def __init__(self, *args: Any, case: Case, by: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["colleague"], desk.colleagues(but=[case.assignee_id, by.pk]))
        choose_from(self.fields["team"], Team.objects.order_by("name"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        named = [one for one in (data.get("colleague"), data.get("team")) if one]
        if not named and not {"colleague", "team"} & set(self.errors):
            self.add_error("colleague", _("Choose a colleague or a team."))
        if len(named) > 1:
            self.add_error("team", _("Choose one of them: a colleague or a team."))
        data["receiver"] = named[0] if len(named) == 1 else None
        return data


class AcceptForm(forms.Form):
    """Yes."""

    prefix = "accept"
    words = _words(_("A word back"), required=False, rows=2)


class DeclineForm(forms.Form):
    """No, and why."""

    prefix = "decline"
    words = _words(
        _("Why not"), rows=2, help_text=_("Whoever offered it reads this. They keep the case meanwhile.")
    )


class ShareForm(forms.Form):
    """With whom, for what, how long and why."""

    prefix = "share"
    colleague = ColleagueField(label=_("With whom"), empty_label=_("Choose…"))
    may_work = forms.ChoiceField(
        label=_("What for"),
        choices=[("read", _("To read it")), ("work", _("To read it and work on it"))],
        widget=forms.RadioSelect,
        initial="read",
    )
    lasts = forms.ChoiceField(
        label=_("For how long"), choices=[(key, label) for key, (label, _span) in FOR.items()], initial="24"
    )
    reason = _words(_("Why"), help_text=_("It is locked with the case."), rows=2)

    def __init__(self, *args: Any, case: Case, by: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["colleague"], desk.colleagues(but=[case.assignee_id, by.pk]))

    def clean_lasts(self) -> timedelta:
        return FOR[self.cleaned_data["lasts"]][1]


class EndShiftForm(forms.Form):
    """Words for the next shift."""

    prefix = "end"
    words = forms.CharField(
        label=_("For the next shift"),
        required=False,
        max_length=MAX_LEFT,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        help_text=_(
            "No names; references only. What belongs to a case goes into its notes. Your team reads this. It is deleted "
            "after 3 days."
        ),
    )
    taken_over = forms.BooleanField(
        label=_("Somebody else looks after whoever is in danger, and knows it"),
        error_messages={
            "required": _("Speak with somebody first, or offer them the case. Nothing was ended.")
        },
    )

    def __init__(self, *args: Any, dangers: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not dangers:
            del self.fields["taken_over"]


class AwayForm(forms.Form):
    """From one day to another."""

    prefix = "away"
    first_day = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last_day = forms.DateField(
        label=_("Until and including"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class ReassignForm(forms.Form):
    """For each case, and each offer made to this person, to whom. Cleaned into `choices` and `offers`."""

    everything = forms.ChoiceField(
        label=_("For all"),
        required=False,
        help_text=_("What you choose below for one case goes before it."),
    )

    def __init__(
        self,
        *args: Any,
        cases: Mapping[int, Case],
        offers: Mapping[UUID, Transfer],
        staff: Staff,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.cases, self.offers = cases, offers
        self.people = {str(one.pk): one for one in desk.colleagues(but=[staff.pk])}
        people = [(key, desk.described(one)) for key, one in self.people.items()]
        nobody = (NOBODY, _now("Without anyone: the team sees it"))
        fields: dict[str, Any] = self.fields
        fields["everything"].choices = [(KEEP, _now("Nothing chosen")), *people, nobody]
        for case in cases.values():
            self._add(
                f"case-{case.pk}", case.ref, [(KEEP, _now("The same as for the others")), *people, nobody]
            )
        for offer in offers.values():
            self._add(
                f"offer-{offer.pk}",
                offer.case.ref,
                [
                    (KEEP, _now("The same as for the others")),
                    *people,
                    (NOBODY, _now("Back to whoever offered it")),
                ],
            )

    def _add(self, name: str, label: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)

    def rows(self) -> list[tuple[Any, Any]]:
        """Each case with the control that says to whom."""
        return [(case, self[f"case-{case.pk}"]) for case in self.cases.values()]

    def offer_rows(self) -> list[tuple[Any, Any]]:
        """Each offer with its control."""
        return [(offer, self[f"offer-{offer.pk}"]) for offer in self.offers.values()]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["choices"] = {
            case.pk: to for case in self.cases.values() if (to := self._to("case", case, data)) != KEEP
        }
        data["offers"] = {
            offer.pk: to for offer in self.offers.values() if (to := self._to("offer", offer, data)) != KEEP
        }
        if not self.errors and not data["choices"] and not data["offers"]:
            self.add_error("everything", _("Choose somebody for all, or for at least one case."))
        return data

    def _to(self, kind: str, row: Any, data: dict[str, Any]) -> Staff | str | None:
        """A colleague, None for nobody, KEEP where nothing was chosen."""
        chosen = data.get(f"{kind}-{row.pk}") or data.get("everything") or KEEP
        if chosen == KEEP:
            return KEEP
        return None if chosen == NOBODY else self.people.get(chosen, KEEP)
