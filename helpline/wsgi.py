"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpline.settings")
application = get_wsgi_application()
# What the program is made of stays as long as the process: the collector need not look through it again and again.
gc.collect()
gc.freeze()
