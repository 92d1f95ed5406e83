# LocalStack with Floodgate's plugin, for docker-compose.yml. Built from the folder above `harness`:
#   docker build -f harness/images/localstack.Dockerfile -t floodgate/localstack .
# Without a network when `make images` has filled wheels/, otherwise from the package index.
# What is below the second FROM is harness/engines/docker/build/Dockerfile, whose context the harness makes; a
# test compares them.
ARG LOCALSTACK_IMAGE=localstack/localstack:4.14.0
FROM ${LOCALSTACK_IMAGE} AS build

USER root
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# LICENSE is there so that COPY has something to copy where there are no wheels.
COPY LICENSE wheels*/*.whl /wheels/
WORKDIR /src
COPY harness/images/offline.sh harness/environments/pins/lambda-runtime.txt harness/environments/pins/build.txt ./
COPY harness/engines/localstack/plugin plugin
RUN . ./offline.sh \
    && pip="/opt/code/localstack/.venv/bin/python -m pip install --quiet --no-deps --no-compile" \
    && $pip --target /out/lambda --only-binary :all: --requirement lambda-runtime.txt \
    && PIP_CONSTRAINT=/src/build.txt $pip --target /out/plugin ./plugin

FROM ${LOCALSTACK_IMAGE}

USER root
COPY harness/engines/docker/build/warm_up.py /opt/floodgate/warm_up.py
RUN /opt/code/localstack/.venv/bin/python /opt/floodgate/warm_up.py
COPY --from=build /out/lambda /opt/floodgate/lambda-packages
COPY --from=build /out/plugin /opt/floodgate/plugin
COPY harness/engines/docker/build/install.py /opt/floodgate/install.py
RUN /opt/code/localstack/.venv/bin/python /opt/floodgate/install.py

# The same as harness/engines/localstack/settings.py gives an engine on the host, see there; a test compares.
ENV SQS_ENDPOINT_STRATEGY=path \
    GATEWAY_SERVER=floodgate-threads \
    DNS_ADDRESS=0 \
    SKIP_SSL_CERT_DOWNLOAD=1 \
    DISABLE_EVENTS=1 \
    PYTHONUNBUFFERED=1 \
    LAMBDA_RUNTIME_EXECUTOR=floodgate \
    PROVIDER_OVERRIDE_DYNAMODB=floodgate \
    FLOODGATE_LAMBDA_PYTHON=/opt/floodgate/lambda/bin/python \
    FLOODGATE_LAMBDA_DIR=/var/lib/localstack/floodgate-lambda \
    FLOODGATE_LAMBDA_MAX_PROCESSES=16 \
    FLOODGATE_LAMBDA_PREWARM=2 \
    FLOODGATE_ESM_POLLERS=5 \
    IN_MEMORY_CLIENT=1

# LocalStack's own check starts its command line, half a second of CPU each time; whoever runs this image asks
# /_localstack/health.
HEALTHCHECK NONE

# It needs no root; what it writes is there alone. (LocalStack's own image has it so.)
RUN chmod 1777 /var/lib/localstack
LABEL dev.floodgate.image=localstack
