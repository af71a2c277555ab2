"""Is everything alive?"""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "helpline.health"
    label = "health"

    def ready(self) -> None:
        from helpline import checks  # noqa: F401  registers what `check --deploy` asks
        from helpline.health import watch

        watch.begin()
