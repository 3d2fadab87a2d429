# Build: everything that needs a package index or a build tool.
FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY .ci/runtime.lock pyproject.toml README.md CHANGELOG.md ./
RUN python -m venv /opt/closedloop \
 && /opt/closedloop/bin/python -m pip install --no-cache-dir --no-compile --require-hashes -r runtime.lock
COPY taps taps
COPY targets targets
COPY sync sync
RUN python -m venv /tmp/pack \
 && /tmp/pack/bin/python -m pip install --no-cache-dir "hatchling>=1.25" \
 && /tmp/pack/bin/python -m hatchling build -t wheel -d /tmp/wheel \
 && /opt/closedloop/bin/python -m pip install --no-cache-dir --no-compile --no-deps /tmp/wheel/*.whl \
 && /opt/closedloop/bin/python -m pip uninstall --yes --quiet pip
# What nothing here reaches: tests, headers and sources; the places of phone numbers; Arrow's network clients and copies of
# one of its libraries; SQL dialects but DuckDB's; of SciPy all but special functions and what they rest on. `rm` without
# -f: a part that moved must be looked at.
RUN cd /opt/closedloop/lib/python3*/site-packages \
 && find . -type d \( -name tests -o -name test \) -prune -exec rm -r {} + \
 && find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.pyx' -o -name '*.h' -o -name '*.hpp' \) -delete \
 && rm -r phonenumbers/geodata phonenumbers/carrierdata phonenumbers/tzdata \
 && rm -r pyarrow/libarrow_flight.so.* pyarrow/_flight.*.so pyarrow/libarrow_s3.so.* pyarrow/_s3fs.*.so pyarrow/src \
          pyarrow/include pyarrow/includes pyarrow/libarrow_python.so pyarrow/libarrow_python.so.*.*.* \
 && find sqlglot/dialects sqlglot/generators sqlglot/parsers -type f \
      ! -name 'duckdb*' ! -name 'base*' ! -name 'dialect.*' ! -name '__init__.*' -delete \
 && cd scipy \
 && rm -r cluster constants datasets differentiate fft fftpack integrate interpolate io ndimage odr optimize signal sparse \
          spatial stats \
 && /opt/closedloop/bin/python -m compileall -q /opt/closedloop

# The system that it runs on: Python, without installers, package caches, manuals and translations.
FROM python:3.13-slim-trixie AS system
RUN groupadd --gid 10001 closedloop \
 && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/closedloop closedloop \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/closedloop \
 && find / -xdev -path '*/python3*' -type d \( -name pip -o -name 'pip-*' -o -name 'wheel*' -o -name 'setuptools*' \
      -o -name ensurepip -o -name idlelib -o -name tkinter -o -name test \) -prune -exec rm -r {} + \
 && rm -rf /usr/share/python-wheels /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian \
      /usr/local/bin/pip* /usr/bin/pip* /var/cache/* /var/lib/apt/lists/* /var/log/* /root/.cache /tmp/* \
 && python -m compileall -q "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

# Run: one layer. Only the volume is written to; secrets come from the environment or from files.
FROM scratch
COPY --from=system / /
COPY --from=build /opt/closedloop /opt/closedloop
COPY --from=system --chown=10001:10001 /var/lib/closedloop /var/lib/closedloop
ENV PATH=/opt/closedloop/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CLOSEDLOOP_CONFIG=/etc/closedloop/closedloop.yaml \
    CLOSEDLOOP_SETTING_HOME=/var/lib/closedloop \
    CLOSEDLOOP_SETTING_SERVICE='{"host": "0.0.0.0"}'
# A number: Kubernetes cannot tell of a name that it is not root's.
USER 10001:10001
WORKDIR /var/lib/closedloop
VOLUME /var/lib/closedloop
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["closedloop"]
CMD ["daemon"]
