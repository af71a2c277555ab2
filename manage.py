#!/usr/bin/env python
"""Run an administrative command: `python manage.py help` lists them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpline.settings")
    if sys.argv[1:2] == ["up"]:
        # Its options decide what the settings will be, so it runs before any are loaded.
        from helpline.embedded.management.commands.up import Command

        Command().run_from_argv(sys.argv)
    else:
        try:
            execute_from_command_line(sys.argv)
        except (
            ImproperlyConfigured
        ) as error:  # a setting is missing: its own sentence says which, and what to do
            sys.exit(f"{error}")
