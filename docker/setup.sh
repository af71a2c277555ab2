#!/bin/sh
# Runs to its end before anything else starts, at every `docker compose up`: brings the database up to this version,
# makes what a first run needs, hands the public face its three keys, and refuses settings that must not go live.
set -eu

python manage.py migrate --noinput
python docker/public_role.py
python manage.py bootstrap --noinput
for name in intake.pub index.key pepper.key; do
    install -m 0400 "/keys/$name" "/keys-public/$name.new"
    mv -f "/keys-public/$name.new" "/keys-public/$name"
done
python manage.py check --deploy --fail-level ERROR
HELPLINE_FACE=public HELPLINE_KEYS_DIR=/keys-public python manage.py check --deploy --fail-level ERROR
