# The images of docker-compose.yaml. They hold what cofi needs, not cofi: its folders are mounted.
#   airflow    every Airflow service, and the demo's LLM endpoint
#   airflow_fab the same with Airflow's FAB auth manager, for several people (docs/roles.md)
#   gpu_host   a GPU host, with no Airflow in it
#   gpu_demo   the same with the demo's recognition weights
#   gpu_cuda   the same with NVIDIA's libraries, for Whisper on a GPU

# The Python that the tests run on: for others the lock holds other versions.
FROM python:3.11-slim-bookworm AS base
# For the health checks.
RUN apt-get update && apt-get install --yes --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
# pip takes no lock with hashes as constraints. uv does, and checks the hashes.
RUN pip install --no-cache-dir uv==0.13.9
ENV AIRFLOW_HOME=/opt/cofi PYTHONPATH=/opt/cofi PYTHONUNBUFFERED=1 \
    UV_SYSTEM_PYTHON=1 UV_NO_CACHE=1 UV_NO_BUILD=1 UV_COMPILE_BYTECODE=1 UV_CONSTRAINT=requirements.lock
WORKDIR /opt/cofi
# A new volume takes over its owner.
RUN useradd --create-home --uid 50000 cofi && install --directory --owner cofi var
RUN printf '#!/bin/sh\nexec python -m include.command_line "$@"\n' > /usr/local/bin/cofi && chmod 755 /usr/local/bin/cofi
COPY requirements.lock .

FROM base AS airflow
COPY requirements.txt .
COPY include/demo/name_models.txt name_models.txt
RUN uv pip install -r requirements.txt && uv pip install --no-deps -r name_models.txt
USER cofi

# It wants an older python-dateutil than the lock has, and changes nothing else.
FROM airflow AS airflow_fab
USER root
RUN UV_CONSTRAINT= uv pip install apache-airflow-providers-fab==3.10.2 'python-dateutil<3'
USER cofi

FROM base AS gpu_host
COPY include/gpu_host/requirements.txt gpu_host.txt
RUN uv pip install -r gpu_host.txt
USER cofi

FROM gpu_host AS gpu_demo
COPY include/demo/requirements.txt demo.txt
USER root
RUN uv pip install -r demo.txt
USER cofi

# CTranslate2 is built for CUDA 12 and cuDNN 9; the driver comes from the machine. onnx-asr on a GPU wants
# onnxruntime-gpu[cuda,cudnn] in place of onnxruntime, which is built for CUDA 13: an image of its own.
FROM gpu_host AS gpu_cuda
USER root
RUN uv pip install nvidia-cublas-cu12==12.9.3.13 nvidia-cudnn-cu12==9.28.0.42
ENV NVIDIA_LIBRARIES=/usr/local/lib/python3.11/site-packages/nvidia
ENV LD_LIBRARY_PATH=$NVIDIA_LIBRARIES/cublas/lib:$NVIDIA_LIBRARIES/cudnn/lib
USER cofi
