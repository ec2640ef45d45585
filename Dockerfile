# The service in production. PostgreSQL is elsewhere: give its address as DATABASE_URL.
#
#   docker build -t registry .
#   docker run -e DATABASE_URL=... registry python -m app.entry.cli migrate   (once per release)
#   docker run -e DATABASE_URL=... -p 8000:8000 registry
#
# A release pins the base further, by digest, in its own build.

FROM python:3.11.14-slim-bookworm AS packages

# Wheels only: installing runs no code of any package. The environment itself carries no pip.
COPY requirements.lock /build/
RUN python -m venv --without-pip /opt/registry \
    && pip --python /opt/registry/bin/python install \
        --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement /build/requirements.lock


FROM python:3.11.14-slim-bookworm

# Logs leave at once; the image is read-only at run time, so no byte code is written.
ENV PATH=/opt/registry/bin:$PATH \
    REGISTRY_DATA=/var/lib/registry \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# A number, so that a cluster can verify that it is not root without knowing our names.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin registry \
    && install --directory --owner=registry --mode=0700 /var/lib/registry
VOLUME /var/lib/registry

COPY --from=packages /opt/registry /opt/registry
WORKDIR /srv/registry
COPY alembic.ini ./
COPY migrations migrations
COPY app app
RUN python -m compileall -q app

USER 10001
EXPOSE 8000

# The image has no curl; and no proxy, because the service is on this very address.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8000/health', timeout=2)"]

# A second container of this image, with the command `publish` and a volume of its own, signs the public log.
# Exec form: the service itself gets SIGTERM and can finish what it has begun.
CMD ["python", "-m", "app.entry.cli", "serve", "--host", "0.0.0.0", "--port", "8000"]
