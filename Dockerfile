# docker build -t invoice_lab .
# docker run --rm --init -v "$PWD/out:/out" invoice_lab          (`make report`; the reports are in ./out)
# --init: PostgreSQL leaves orphans behind that something has to reap, and `make` does not.
ARG BASE=python:3.12-slim
FROM ${BASE}

ARG UID=1000
ENV INVOICE_LAB_REPORTS=/out PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid "${UID}" lab \
    && install -d -o lab -g lab /out /srv/invoice_lab /srv/invoice_lab/.data
WORKDIR /srv/invoice_lab

# The system packages, from the one list in .ci/setup.
COPY .ci/setup .ci/setup
RUN .ci/setup --system && rm -rf /var/lib/apt/lists/*

USER lab
COPY --chown=lab:lab . .
RUN make setup
CMD ["make", "report"]
