"""Make Django's own tables and its administrator; run in Django's environment."""

import os

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.django_admin.settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - needs the settings

call_command("migrate", verbosity=0)
get_user_model().objects.create_superuser(os.environ["BENCH_USER"], password=os.environ["BENCH_PASSWORD"])
