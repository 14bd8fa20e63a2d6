# The whole Python image, not the slim one: where a dependency has no wheel for the platform
# (faust-streaming on ARM), it is compiled here. The compiler stays behind.
FROM python:3.13 AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /build
RUN python -m venv --without-pip /opt/oms

# Dependencies come before the code: a change of the code does not install them again.
COPY requirements/ requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && pip --python /opt/oms/bin/python install --require-hashes -r requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY schemas/ schemas/
COPY workers/ workers/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && pip --python /opt/oms/bin/python install --no-deps wheels/*.whl


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Order Management Service" \
      org.opencontainers.image.description="Takes order commands from Kafka, keeps orders in MongoDB and publishes every change as an event." \
      org.opencontainers.image.licenses="MIT"

ENV PATH=/opt/oms/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

COPY --from=build /opt/oms /opt/oms

# A number, so that a cluster that refuses root can see that this is nobody of the kind.
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["oms"]
CMD ["--help"]
