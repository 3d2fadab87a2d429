# Build: everything that needs a package index or a build tool.
FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY .ci/runtime.lock pyproject.toml README.md CHANGELOG.md ./
RUN python -m venv /opt/closedloop \
 && /opt/closedloop/bin/python -m pip install --no-cache-dir --require-hashes -r runtime.lock
COPY taps taps
COPY targets targets
COPY sync sync
RUN python -m venv /tmp/pack \
 && /tmp/pack/bin/python -m pip install --no-cache-dir "hatchling>=1.25" \
 && /tmp/pack/bin/python -m hatchling build -t wheel -d /tmp/wheel \
 && /opt/closedloop/bin/python -m pip install --no-cache-dir --no-deps /tmp/wheel/*.whl \
 && /opt/closedloop/bin/python -m pip uninstall --yes --quiet pip \
 && /opt/closedloop/bin/python -m compileall -q /opt/closedloop

# Run: Python, the installed packages, one volume.
FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --home-dir /var/lib/closedloop --create-home closedloop
COPY --from=build /opt/closedloop /opt/closedloop
ENV PATH=/opt/closedloop/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CLOSEDLOOP_CONFIG=/etc/closedloop/closedloop.yaml
USER closedloop
WORKDIR /var/lib/closedloop
VOLUME /var/lib/closedloop
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["closedloop"]
CMD ["daemon"]
