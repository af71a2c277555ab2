"""The parts of a bench that run inside the program: each is a process of its own and prints its answer as JSON."""

import django

django.setup()
