"""What administrators type and choose about accounts."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.accounts.approving import role_name
from cases.forms import choose_from
from helpline.accounts.actions import REFUSALS, Details, needs_address
from helpline.accounts.models import Role, Staff, Team
from helpline.accounts.permissions import Permission

NAME_LENGTH = 80


class RoleChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic at run time
    """A role, called as colleagues call it."""

    def label_from_instance(self, obj: Any) -> str:
        return role_name(obj)


def reason_field() -> forms.CharField:
    """Why, for whoever decides."""
    return forms.CharField(
        label=_("Why, for whoever decides"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )


class _DetailsForm(forms.Form):
    display_name = forms.CharField(label=_("Name, as colleagues read it"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"),
        queryset=Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams: QuerySet[Team] = Team.objects.order_by("name", "slug")
        choose_from(self.fields["teams"], teams)


class DetailsForm(_DetailsForm):
    """What is changed at once. `was` is how it stood when the form was opened."""

    prefix = "details"
    text = forms.CharField(
        label=_("Why, if you add a team"),
        help_text=_("A team opens its cases, so a second person decides. To leave one takes nobody else."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    was_name = forms.CharField(widget=forms.HiddenInput, required=False)
    was_language = forms.CharField(widget=forms.HiddenInput, required=False)
    was_teams = forms.CharField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def standing(details: Details) -> dict[str, Any]:
        """The form as it is opened."""
        return {
            "display_name": details.display_name,
            "language": details.language,
            "teams": list(details.teams),
            **DetailsForm.was(details),
        }

    @staticmethod
    def was(details: Details) -> dict[str, str]:
        """The hidden part: what was seen."""
        teams = ",".join(details.teams)
        return {"was_name": details.display_name, "was_language": details.language, "was_teams": teams}

    def typed(self) -> Details:
        """What it shall be."""
        data = self.cleaned_data
        teams = tuple(sorted(team.slug for team in data["teams"]))
        return Details(display_name=data["display_name"], language=data["language"], teams=teams)

    def seen(self) -> Details:
        """What it was when the form was opened."""
        data = self.cleaned_data
        teams = tuple(sorted(slug for slug in data["was_teams"].split(",") if slug))
        return Details(display_name=data["was_name"], language=data["was_language"], teams=teams)


class NewPersonForm(_DetailsForm):
    """Somebody who begins to work here."""

    prefix = "new"
    username = forms.CharField(
        label=_("User name, to log in"),
        max_length=60,
        help_text=_("Small letters, digits, dots, hyphens."),
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9._-]*$", _("Small letters, digits, dots and hyphens only, such as nour.k")
            )
        ],
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("Where the way in is sent. Only roles that open no case can do without."),
    )
    role = RoleChoice(label=_("Role"), queryset=Role.objects.none(), empty_label=_("Choose…"))
    text = reason_field()
    field_order = ("display_name", "username", "role", "teams", "language", "email", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["role"], Role.objects.order_by("name"))

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if Staff.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("Somebody has this user name already."))
        return name

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        role = data.get("role")
        if role is not None and needs_address(role) and not data.get("email") and "email" not in self.errors:
            self.add_error("email", str(REFUSALS["no_address"]))
        return data


class RoleForm(forms.Form):
    """Another role."""

    prefix = "role"
    role = RoleChoice(label=_("New role"), queryset=Role.objects.none(), empty_label=_("Choose…"))
    text = reason_field()

    def __init__(self, *args: Any, now: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["role"], Role.objects.exclude(pk=now).order_by("name"))


class EmailForm(forms.Form):
    """Where a way back in is sent."""

    prefix = "email"
    email = forms.EmailField(label=_("E-mail"), required=False)
    text = reason_field()


class WhyForm(forms.Form):
    """A reason and nothing else: opening an account, a new way in."""

    prefix = "why"
    text = reason_field()


class PermissionsForm(forms.Form):
    """What a role may do."""

    prefix = "may"
    permissions = forms.MultipleChoiceField(
        label=_("Whoever has this role may"),
        choices=Permission.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    was = forms.CharField(widget=forms.HiddenInput, required=False)
    text = reason_field()


class NameForm(forms.Form):
    """A role or a team by its name."""

    prefix = "name"
    text = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)


class TokenForm(forms.Form):
    """A token for a machine: what it may do, and for how long."""

    prefix = "token"
    name = forms.CharField(
        label=_("What it is for"), max_length=80, help_text=_("The name of the machine or the program.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Say what the token may do.")},
    )
    days = forms.TypedChoiceField(
        label=_("It works for"),
        choices=[
            ("30", _("30 days")),
            ("90", _("90 days")),
            ("365", _("a year")),
            ("", _("as long as nobody ends it")),
        ],
        coerce=int,
        empty_value=None,
        required=False,
        initial="90",
    )

    def __init__(self, *args: Any, allowed: list[Permission], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(one.value, one.label) for one in allowed]
