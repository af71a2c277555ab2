"""Controls written by ourselves say what Django's would, with our own rules; the crispy pack frames them."""

import re

import pytest
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout, Submit
from crispy_forms.utils import render_crispy_form
from django import forms
from django.template import Context, Template
from django.utils.safestring import mark_safe

from helpline.web.controls import control, focus_id

EVIL = "\"'><script>alert(1)</script>"


class Question(forms.Form):
    kind = forms.ChoiceField(
        label="What happened?",
        widget=forms.RadioSelect,
        choices=[("fake", "A fake picture"), ("unsure", "I do not know")],
        error_messages={"required": "Choose one line."},
    )
    who = forms.MultipleChoiceField(
        label="Who knows?",
        widget=forms.CheckboxSelectMultiple,
        choices=[("friend", "A friend"), ("parent", "A parent")],
    )
    age = forms.ChoiceField(label="Age", choices=[("", "Choose"), ("Minor", [("15-17", "15 to 17")])])
    story = forms.CharField(label="Story", help_text="A few words are enough.", widget=forms.Textarea)
    link = forms.CharField(label="Link", required=False)
    login = forms.CharField(
        label="Name", widget=forms.TextInput(attrs={"autocomplete": "username", "placeholder": "Name"})
    )
    secret = forms.CharField(label="Password", widget=forms.PasswordInput)
    agreed = forms.BooleanField(label="You may write to me")
    picture = forms.FileField(label="Screenshot", required=False)
    step = forms.CharField(widget=forms.HiddenInput, initial="3")
    moment = forms.SplitDateTimeField(label="When", required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["kind"].hints = {"unsure": "That is an answer too."}  # type: ignore[attr-defined]


def html(name: str, form: forms.Form | None = None) -> str:
    return control((form or Question())[name]).html


def test_rows_are_labels_around_their_control() -> None:
    rows = html("kind")

    assert rows.count('<label class="row"><input type="radio" name="kind"') == 2
    assert 'value="unsure" id="id_kind_1" required>' in rows
    assert "<small>That is an answer too.</small>" in rows
    assert " checked" not in rows


@pytest.mark.parametrize("form", [Question({"kind": "unsure"}), Question(initial={"kind": "unsure"})])
def test_what_was_chosen_stays_chosen(form: forms.Form) -> None:
    rows = html("kind", form)

    assert rows.count(" checked>") == 1
    assert re.search(r'value="unsure"[^>]* checked>', rows)


def test_several_may_be_ticked_and_none_is_required_by_itself() -> None:
    form = Question(initial={"who": ["friend", "parent"]})

    assert html("who", form).count(" checked>") == 2
    assert "required" not in html("who", form)


def test_a_select_keeps_its_groups_and_choice() -> None:
    form = Question({"age": "15-17"})

    select = html("age", form)

    assert '<optgroup label="Minor"><option value="15-17" selected>15 to 17</option></optgroup>' in select


def test_text_keeps_its_lines() -> None:
    form = Question({"story": "\nfirst line empty\r\nlast"})

    assert ">\n\nfirst line empty\r\nlast</textarea>" in html("story", form)


@pytest.mark.parametrize("name", ["story", "link", "age"])
def test_browsers_are_asked_to_remember_nothing(name: str) -> None:
    assert 'autocomplete="off"' in html(name)


def test_a_widget_may_name_its_own_autocomplete_and_a_placeholder_never_repeats_the_label() -> None:
    assert 'autocomplete="username"' in html("login")
    assert "placeholder" not in html("login")


def test_a_password_is_never_sent_back() -> None:
    assert "hunter2" not in html("secret", Question({"secret": "hunter2"}))


def test_hidden_and_file_and_foreign_widgets() -> None:
    assert control(Question()["step"]).kind == "hidden"
    assert 'value="3"' in html("step")
    assert html("picture").startswith('<input type="file" name="picture"')
    assert html("moment").count("<input") == 2


@pytest.mark.parametrize("name", ["kind", "who", "age", "story", "link", "login", "step"])
def test_what_was_typed_is_never_markup(name: str) -> None:
    assert "<script" not in html(name, Question({name: EVIL}))


def test_labels_are_escaped_unless_they_are_markup_already() -> None:
    form = Question()
    form.fields["kind"].choices = [("a", "<b>"), ("b", mark_safe("<b>bold</b>"))]  # type: ignore[attr-defined]

    assert "<span>&lt;b&gt;</span>" in html("kind", form)
    assert "<span><b>bold</b></span>" in html("kind", form)


def test_errors_stand_beside_their_field_and_are_tied_to_it() -> None:
    form = Question({"link": "x"})

    page = Template("{% load crispy_forms_tags %}{{ form|crispy }}").render(Context({"form": form}))

    assert '<a href="#id_kind_0">Choose one line.</a>' in page
    assert '<a href="#id_story">' in page
    assert re.search(r'<p class="error" id="id_kind_error">.*Choose one line\.', page)
    assert 'aria-describedby="id_kind_error"' in page
    assert 'aria-describedby="id_story_helptext id_story_error"' in page
    assert '<p class="hint" id="id_story_helptext">' in page
    assert page.count('aria-invalid="true"') == 9  # each row says it for itself


def test_every_error_link_leads_somewhere() -> None:
    form = Question({})

    page = Template("{% load crispy_forms_tags %}{{ form|crispy }}").render(Context({"form": form}))

    ids = set(re.findall(r' id="([^"]+)"', page))
    targets = re.findall(r'href="#([^"]+)"', page)
    assert len(targets) == len(form.errors)
    assert set(targets) <= ids
    assert focus_id(form["who"]) in ids


def test_every_label_leads_to_its_control() -> None:
    page = Template("{% load crispy_forms_tags %}{{ form|crispy }}").render(Context({"form": Question()}))

    ids = set(re.findall(r' id="([^"]+)"', page))
    labelled = set(re.findall(r'<label for="([^"]+)"', page))
    assert labelled
    assert labelled <= ids


def test_the_crispy_tag_draws_a_whole_form() -> None:
    form = Question()
    helper = FormHelper()
    helper.layout = Layout(Fieldset("About it", "story", "link"))
    helper.add_input(Submit("send", "Send"))

    page = render_crispy_form(form, helper, {"csrf_token": "token-of-this-page"})

    assert 'autocomplete="off"' in page
    assert "<legend>About it</legend>" in page
    assert page.count("<textarea") == 1
    assert "token-of-this-page" in page
    assert '<button type="submit" name="send" value="Send" class="button"' in page


def test_a_label_can_be_hidden_from_the_eye_only() -> None:
    template = Template('{% include "components/field.html" with field=form.kind hide_label=True %}')

    page = template.render(Context({"form": Question()}))

    assert '<legend class="unseen">What happened?</legend>' in page
