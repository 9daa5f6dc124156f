# docker build -t titans-lab . && docker run --rm -p 8501:8501 titans-lab
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}

# The index that torch comes from; empty for pip's own, which on Linux brings CUDA along.
ARG TORCH_INDEX=

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    OMP_NUM_THREADS=1 \
    OMP_WAIT_POLICY=PASSIVE

WORKDIR /lab
RUN useradd --create-home --uid 10001 titans

# Triton serves CUDA alone, and a torch built for CUDA brings its own.
COPY requirements.txt .
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)"; \
    fi \
    && grep -v '^triton==' requirements.txt > /tmp/requirements.txt \
    && pip install -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt

COPY --chown=titans:titans . .
USER titans

EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=2)"]
CMD ["python", "-m", "streamlit", "run", "app/main.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
