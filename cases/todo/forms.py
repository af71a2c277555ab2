"""What colleagues type: tasks, the safety plan, checklists, texts."""

import uuid
from datetime import date, datetime
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.forms import choose_from
from cases.models import Case
from cases.todo import desk, words
from cases.todo.library import ITEM, TEMPLATE
from cases.todo.models import PARTS, MessageTemplate, Task
from cases.todo.states import Due, Occasion, end_of, is_whole_day
from helpline.accounts.models import Staff
from reports.states import AgeRange, Circumstance, Kind

MOST_ITEMS = 30
EMPTY_ROWS = 3


class DayInput(forms.DateInput):
    """A day, chosen in the browser's own calendar."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class TaskForm(forms.Form):
    """A task in one line. The key makes it once, however often the form is sent."""

    prefix = "task"
    text = forms.CharField(
        label=_("One more thing to do"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say what is to be done.")},
    )
    due = forms.ChoiceField(label=_("Until"), required=False, choices=Due.choices, initial=Due.TOMORROW)
    day = forms.DateField(label=_("Or on this day"), required=False, widget=DayInput())
    for_whom = forms.ModelChoiceField(
        label=_("For"), queryset=Staff.objects.none(), required=False, empty_label=_("Whoever holds the case")
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, case: Case, by: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["for_whom"], desk.colleagues_of(case))
        whom: Any = self.fields["for_whom"]
        if case.assignee is not None:
            whom.empty_label = _("%(name)s, or whoever holds the case") % {"name": case.assignee}
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4())
            if case.assignee_id != by.pk:
                self.initial.setdefault("for_whom", by.pk)

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if day is not None and not timezone.localdate() <= day <= date(2100, 1, 1):
            raise forms.ValidationError(_("Choose a day that is still to come."))
        return day

    def due_at(self, at: datetime) -> datetime | None:
        """The end of the day that was chosen; a day of the calendar counts before a word."""
        day = self.cleaned_data["day"]
        return end_of(day) if day else Due(self.cleaned_data["due"] or Due.NONE).ends(at)


class ChangeTaskForm(TaskForm):
    """The same for a task that is there. An empty day: no day."""

    due = None  # type: ignore[assignment]
    key = None  # type: ignore[assignment]
    version = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, task: Task, **kwargs: Any) -> None:
        self.task = task
        super().__init__(*args, case=task.case, **kwargs)
        self.fields["text"].label = _("What is to be done")
        self.fields["day"].label = _("Until")
        self.fields["day"].help_text = _("Empty: no day.")

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if self.task.has_day and day == timezone.localdate(self.task.due_at):
            return day  # an overdue one may stay so
        return super().clean_day()

    def due_at(self, at: datetime) -> datetime | None:
        """An hour that a checklist set stays where the day stays."""
        day = self.cleaned_data["day"]
        if day is None:
            return None
        if (
            self.task.has_day
            and not is_whole_day(self.task.due_at)
            and day == timezone.localdate(self.task.due_at)
        ):
            return self.task.due_at
        return end_of(day)


def plan_field(label: Any, help_text: Any) -> forms.CharField:
    """A part of the plan, in their words."""
    widget = forms.Textarea(attrs={"rows": 3, "autocomplete": "off"})
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=4000, widget=widget)


class PlanForm(forms.Form):
    """The safety plan, part by part."""

    prefix = "plan"
    based_on = forms.IntegerField(widget=forms.HiddenInput(), required=False, initial=0)
    review_on = forms.DateField(
        label=_("Look at it again on"),
        required=False,
        widget=DayInput(),
        help_text=_("It becomes a task. Empty: no day."),
    )
    field_order = ("based_on", *PARTS, "review_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (heading, hint) in words.PLAN.items():
            self.fields[name] = plan_field(heading, hint)
        self.order_fields(self.field_order)

    def clean_review_on(self) -> date | None:
        """Not a day that is over, unless it is the one that stood there."""
        day: date | None = self.cleaned_data["review_on"]
        if day is not None and day < timezone.localdate() and "review_on" in self.changed_data:
            raise forms.ValidationError(_("This day is over. Choose today or a later one."))
        return day

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in PARTS):
            self.add_error(PARTS[0], _("Write at least one thing down."))
        return data

    def said(self) -> dict[str, str]:
        """The words by part."""
        return {name: self.cleaned_data[name] for name in PARTS}


class ShareForm(forms.Form):
    """The plan as a message, read once more before it leaves."""

    prefix = "share"
    number = forms.IntegerField(widget=forms.HiddenInput())
    text = forms.CharField(
        label=_("What they read"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 16, "autocomplete": "off"}),
        help_text=_(
            "Their words, not ours. Somebody may look over their shoulder: leave out what could harm them."
        ),
    )


class UseTextForm(forms.Form):
    """Which text to begin a message with."""

    prefix = "text"
    template = forms.ModelChoiceField(
        label=_("Use a text"),
        queryset=MessageTemplate.objects.filter(is_offered=True),
        error_messages={"required": _("Choose a text.")},
    )


# --- what supervisors write -------------------------------------------------------------------------------


class ChecklistForm(forms.Form):
    """What a checklist is called and where it is offered."""

    version = forms.IntegerField(widget=forms.HiddenInput(), required=False, initial=0)
    name_fr = forms.CharField(label=_("Name, in French"), max_length=80)
    name_en = forms.CharField(label=_("Name, in English"), max_length=80)
    kinds = forms.MultipleChoiceField(
        label=_("What happened"), required=False, choices=Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    ages = forms.MultipleChoiceField(
        label=_("Age"), required=False, choices=AgeRange.choices, widget=forms.CheckboxSelectMultiple
    )
    circumstances = forms.MultipleChoiceField(
        label=_("Circumstances"),
        required=False,
        choices=Circumstance.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    is_offered = forms.BooleanField(label=_("Offer it on the page of a case"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from cases import words as desk_words

        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        # As colleagues say it: the form's own words are the young person's.
        fields["kinds"].choices = list(desk_words.KINDS.items())
        fields["ages"].choices = list(desk_words.AGES.items())
        fields["circumstances"].choices = [
            (one.value, desk_words.circumstance(one.value)) for one in Circumstance
        ]


class ItemForm(forms.Form):
    """A line of a checklist; a line without words is left out."""

    text_fr = forms.CharField(label=_("In French"), required=False, max_length=200)
    text_en = forms.CharField(label=_("In English"), required=False, max_length=200)
    due_hours = forms.IntegerField(
        label=_("Hours"), required=False, min_value=0, max_value=24 * 365, widget=forms.NumberInput()
    )
    place = forms.IntegerField(label=_("Place"), required=False, min_value=0, max_value=999)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("text_fr")) != bool(data.get("text_en")):
            missing = "text_en" if data.get("text_fr") else "text_fr"
            self.add_error(missing, _("Say it in both languages."))
        return data


ItemForms: "type[BaseFormSet[ItemForm]]" = formset_factory(
    ItemForm, extra=EMPTY_ROWS, max_num=MOST_ITEMS, validate_max=True
)


def items_in(forms_: "BaseFormSet[ItemForm]") -> list[dict[str, Any]]:
    """The lines that have words, in the order of their places."""
    rows = [
        (form.cleaned_data, index) for index, form in enumerate(forms_) if form.cleaned_data.get("text_fr")
    ]
    rows.sort(
        key=lambda row: (row[0].get("place") if row[0].get("place") is not None else row[1] + 1, row[1])
    )
    return [{name: data[name] for name in ITEM} for data, _index in rows]


class TemplateForm(forms.Form):
    """A text in two languages, for the young and for adults."""

    version = forms.IntegerField(widget=forms.HiddenInput(), required=False, initial=0)
    occasion = forms.ChoiceField(label=_("For"), choices=Occasion.choices)
    name_fr = forms.CharField(label=_("Name, in French"), max_length=80)
    name_en = forms.CharField(label=_("Name, in English"), max_length=80)
    is_offered = forms.BooleanField(
        label=_("Offer it when a message is written"), required=False, initial=True
    )
    field_order = ("version", *TEMPLATE)

    TEXTS = {  # noqa: RUF012  never changed
        "fr_young": _("French, as tu: to the young person or a friend"),
        "fr_adult": _("French, as vous: to a parent or a professional"),
        "en_young": _("English, to the young person or a friend"),
        "en_adult": _("English, to a parent or a professional"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.TEXTS.items():
            self.fields[name] = forms.CharField(
                label=label,
                max_length=4000,
                validators=[check_placeholders],
                widget=forms.Textarea(
                    attrs={"rows": 12, "autocomplete": "off", "lang": name[:2], "spellcheck": "true"}
                ),
            )
        self.order_fields(self.field_order)


def check_placeholders(text: str) -> None:
    """Raises ValidationError for a word in braces that is none of ours."""
    if unknown := words.unknown_in(text):
        raise forms.ValidationError(_("Nothing is known for {%(word)s}.") % {"word": unknown[0]})
