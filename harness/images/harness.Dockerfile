# The harness: SFTP front end, load generator, web UI. Built from the folder above `harness`:
#   docker build -f harness/images/harness.Dockerfile -t floodgate/harness .
# Without a network when `make images` has filled wheels/, otherwise from the package index.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore UV_LINK_MODE=copy
# LICENSE is there so that COPY has something to copy where there are no wheels.
COPY LICENSE wheels*/*.whl /wheels/
WORKDIR /src
COPY requirements/runtime.txt requirements/
COPY pipeline/requirements.txt pipeline/
COPY harness/images/offline.sh harness/images/
RUN python -m venv /opt/floodgate/venv \
    && . harness/images/offline.sh \
    && /opt/floodgate/venv/bin/pip install --quiet --no-deps --requirement requirements/runtime.txt \
    && /opt/floodgate/venv/bin/pip download --quiet --no-deps --dest /lambda-wheels --requirement pipeline/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY scenarios scenarios
COPY pipeline pipeline
COPY harness harness
# The Lambda package is built now, from what pip has fetched: pip knows the index and the certificates. Who made
# the checkout may have kept its files from others, and the container runs as nobody.
RUN . harness/images/offline.sh \
    && chmod 755 harness/images/entrypoint.sh \
    && /opt/floodgate/venv/bin/pip install --quiet --no-deps . \
    && cd / && UV_OFFLINE=1 UV_FIND_LINKS=/lambda-wheels FLOODGATE_HOME=/opt/floodgate/made /opt/floodgate/venv/bin/python -m harness.images.lambda_package

FROM ${PYTHON_IMAGE}
LABEL dev.floodgate.image=harness
RUN useradd --uid 10001 --create-home --home-dir /home/floodgate --shell /usr/sbin/nologin floodgate \
    && install -d -o floodgate -g floodgate -m 700 /var/lib/floodgate /run/floodgate \
    && install -d -o floodgate -g floodgate /reports
COPY --from=build /opt/floodgate /opt/floodgate
COPY --from=build /src/harness/images/entrypoint.sh /opt/floodgate/entrypoint.sh
ENV PATH=/opt/floodgate/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp/cache XDG_STATE_HOME=/var/lib FLOODGATE_REPORTS=/reports
WORKDIR /
USER 10001:10001
ENTRYPOINT ["/opt/floodgate/entrypoint.sh"]
CMD ["--help"]
