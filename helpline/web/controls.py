"""Form controls written without Django's widget templates, several times faster, and always with our rules:
no autocomplete unless the widget names one, errors and hints tied to the control, lists as whole rows.

What stands around a control (label, hint, error) is in templates/helpline/.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

ROWS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


@dataclass(frozen=True, slots=True)
class Control:
    """A control as HTML. `kind` says what may stand around it: "rows", "tick", "hidden" or "plain"."""

    kind: str
    html: SafeString
    described_by: str


def control(bound: BoundField) -> Control:
    """The control of a bound field, with its value, its attributes and what describes it."""
    widget = bound.field.widget
    described_by = bound.aria_describedby or ""
    attrs = bound.build_widget_attrs({}, widget)
    if bound.auto_id and "id" not in widget.attrs:
        attrs["id"] = bound.auto_id
    kind = "plain"
    if isinstance(widget, ROWS):
        kind, html = "rows", "".join(_rows(bound, widget, widget.attrs | attrs))
    else:
        data: Mapping[str, Any] = widget.get_context(bound.html_name, bound.value(), attrs)["widget"]
        if data["attrs"].get("placeholder") == bound.label:
            del data["attrs"]["placeholder"]
        match widget:
            case forms.CheckboxInput():
                kind, html = "tick", _tick(bound, data)
            case forms.Select() if not isinstance(widget, forms.SelectMultiple):
                html = "".join(_select(data))
            case forms.Textarea():
                # The line break after the tag is HTML's own: without it a leading one of the text is lost.
                html = f"<textarea{_named(data)}>\n{escape(data['value'] or '')}</textarea>"
            case forms.HiddenInput() if not isinstance(widget, forms.MultipleHiddenInput):
                kind, html = "hidden", f'<input type="hidden"{_named(data)}{_value(data)}>'
            case forms.FileInput():
                html = f'<input type="file"{_named(data)}>'
            case forms.widgets.Input():
                html = f'<input type="{data["type"]}"{_named(data)}{_value(data)}>'
            case _:
                html = str(bound)
    return Control(kind=kind, html=mark_safe(html), described_by=described_by)  # noqa: S308  escaped above


def _named(data: Mapping[str, Any]) -> str:
    attrs = data["attrs"] if data.get("type") == "hidden" else {"autocomplete": "off"} | data["attrs"]
    return f' name="{escape(data["name"])}"{flatatt(attrs)}'


def _value(data: Mapping[str, Any]) -> str:
    value = data["value"]
    return "" if value is None else f' value="{escape(value)}"'


def _tick(bound: BoundField, data: Mapping[str, Any]) -> str:
    control = f'<input type="checkbox" name="{escape(data["name"])}"{flatatt(data["attrs"])}>'
    return f'<label class="row">{control}<span>{conditional_escape(bound.label)}</span></label>'


def _select(data: Mapping[str, Any]) -> Iterator[str]:
    yield f"<select{_named(data)}>"
    for group, options, _index in data["optgroups"]:
        if group:
            yield f'<optgroup label="{escape(group)}">'
        for option in options:
            selected = " selected" if option["selected"] else ""
            label = conditional_escape(option["label"])
            yield f'<option value="{escape(option["value"])}"{selected}>{label}</option>'
        if group:
            yield "</optgroup>"
    yield "</select>"


def _rows(bound: BoundField, widget: forms.widgets.ChoiceWidget, attrs: dict[str, Any]) -> Iterator[str]:
    """Whole rows to tap. A field may carry `hints = {value: small line}` for some of them."""
    hints: Mapping[Any, str] = getattr(bound.field, "hints", {})
    chosen = widget.format_value(bound.value())
    name = escape(bound.html_name)
    place = attrs.pop("id", bound.html_name)
    attrs.pop("aria-describedby", None)  # said once, by the fieldset
    if isinstance(widget, forms.CheckboxSelectMultiple):
        attrs.pop("required", None)  # one of them is enough, and HTML cannot say that
    rest = flatatt(attrs)
    for index, (value, label) in enumerate(_flat(widget.choices)):
        checked = " checked" if str(value) in chosen else ""
        hint = f"<small>{conditional_escape(hints[value])}</small>" if value in hints else ""
        yield (
            f'<label class="row"><input type="{widget.input_type}" name="{name}" value="{escape(value)}"'
            f' id="{place}_{index}"{rest}{checked}><span>{conditional_escape(label)}{hint}</span></label>\n'
        )


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label


def focus_id(bound: BoundField) -> str:
    """The id to send the reader to from an error summary: the control, or the first of its rows."""
    return f"{bound.auto_id}_0" if isinstance(bound.field.widget, ROWS) else bound.auto_id
