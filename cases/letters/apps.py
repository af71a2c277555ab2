from django.apps import AppConfig


class LettersConfig(AppConfig):
    name = "cases.letters"
    label = "letters"
