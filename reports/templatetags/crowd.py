"""The riddle that a form brings along when much comes from its address."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from reports import crowd

register = template.Library()


@register.simple_tag(takes_context=True)
def work(context: dict[str, Any]) -> str:
    """Beside `csrf_token`, in forms that write something new. Nothing at all, for nearly everybody."""
    request = context["request"]
    if not crowd.is_near(request):
        return SafeString("")
    return render_to_string("reports/_work.html", {"riddle": crowd.riddle_for(request)})
