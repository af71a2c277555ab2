"""What there is to do in a case: tasks, checklists, the safety plan, texts to write with, and ways back from a slip."""

from django.apps import AppConfig


class TodoConfig(AppConfig):
    name = "cases.todo"
    label = "todo"
