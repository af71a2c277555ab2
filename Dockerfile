# One image for every process: the command says which. It holds no key, no secret and no server.
# Pin the base by digest when you build for production: `docker pull` prints it.
FROM python:3.13-slim-bookworm AS build

ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
# Wheels only: nothing is compiled, so there is no compiler to leave behind.
RUN pip install --require-hashes --only-binary :all: -r requirements.txt && pip uninstall -y pip
COPY manage.py LICENSE ./
COPY helpline helpline
COPY reports reports
COPY cases cases
COPY templates templates
COPY static static
COPY locale locale
COPY docker/healthy.py docker/public_role.py docker/setup.sh docker/
# Settings refuse to load without a secret. This one signs nothing: collectstatic only copies files.
RUN SECRET_KEY=only-while-building-the-image HELPLINE_VAR=/tmp/var python manage.py collectstatic --noinput \
    && python -m compileall -q /app /opt/venv


FROM python:3.13-slim-bookworm

# /keys and /keys-public are where volumes are mounted: a new volume takes over their owner.
RUN groupadd --system --gid 10001 helpline \
    && useradd --system --uid 10001 --gid helpline --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin helpline \
    && install -d -o helpline -g helpline -m 0700 /keys /keys-public
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HELPLINE_VAR=/tmp/helpline \
    HELPLINE_KEYS_DIR=/keys
USER 10001:10001
EXPOSE 8000
# HELPLINE_FACE=public|staff chooses what this process serves.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "docker/healthy.py", "web"]
CMD ["gunicorn", "helpline.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--worker-class", "gthread", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "10", "--no-control-socket"]
