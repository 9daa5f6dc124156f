# docker build -t titans-lab . && docker run --rm --read-only -p 8501:8501 -v titans-lab:/data titans-lab
ARG BASE_IMAGE=python:3.11-slim

# ------------------------------------------------------------------------ builder: an environment, and the lab
FROM ${BASE_IMAGE} AS builder

# The index that torch comes from: the small one without CUDA. For an NVIDIA card name one with CUDA, as the
# selector on pytorch.org shows it: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /lab
RUN python -m venv --without-pip /venv

# Of equal releases pip takes the one with a local name, torch 2.13.0+cpu before 2.13.0, so the index named
# above decides. Triton serves CUDA alone: it stays out where torch has none.
COPY requirements.txt .
RUN pip --python /venv/bin/python install --no-deps --extra-index-url "$TORCH_INDEX" \
        "$(grep '^torch==' requirements.txt)" \
    && if ls -d /venv/lib/python3*/site-packages/torch-*+cpu.dist-info; then \
        sed -i '/^triton==/d' requirements.txt; \
    elif [ "${TORCH_INDEX%/cpu}" != "$TORCH_INDEX" ]; then \
        echo "$TORCH_INDEX has no such torch: this one is for CUDA." >&2; exit 1; \
    fi \
    && pip --python /venv/bin/python install -r requirements.txt

# Compiled here, for nothing can be written beside it later.
COPY .streamlit .streamlit
COPY kernels kernels
COPY titans_core titans_core
COPY lessons lessons
COPY assets assets
COPY app app
COPY benchmarks/results benchmarks/results
COPY pyproject.toml .
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash app kernels lessons titans_core

# ----------------------------------------------------------------------------------- what runs, and nothing else
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="Titans Lab" \
      org.opencontainers.image.licenses="MIT"

# All that is ever written goes to the volume, temporary files and caches too: no tmpfs is needed. To welcome
# whoever starts it Streamlit would ask a server abroad for our address: it is not to.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    TMPDIR=/data \
    XDG_CACHE_HOME=/data/cache \
    OMP_NUM_THREADS=1 \
    OMP_WAIT_POLICY=PASSIVE \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none \
    STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE=true \
    TITANS_STATE=/data \
    TITANS_LOG_FORMAT=json

RUN useradd --no-create-home --home-dir /data --uid 10001 titans \
    && install -d -m 700 -o titans -g titans /data
COPY --from=builder /venv /venv
COPY --from=builder /lab /lab
# Triton compiles for the card that it finds, and its way there with a C compiler: where it is, one is needed.
RUN if ls -d /venv/lib/python3*/site-packages/triton 2>/dev/null; then \
        apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev \
        && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /lab
USER 10001:10001
VOLUME /data

EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=2)"]
CMD ["python", "-m", "streamlit", "run", "app/main.py"]
