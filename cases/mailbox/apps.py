"""What platforms write back by mail."""

from django.apps import AppConfig


class MailboxConfig(AppConfig):
    name = "cases.mailbox"
    label = "mailbox"
