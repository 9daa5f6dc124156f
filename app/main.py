"""The entry of the app: `streamlit run app/main.py` serves the pages, and the class rooms beside them."""

from __future__ import annotations

import os
import sys
from math import ceil
from pathlib import Path

# Reading is many small products: a second thread costs more than it brings, and one that waits must not spin.
# PyTorch asks for both once, when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # Streamlit puts this folder on the path, not the project's
    sys.path.insert(0, str(HERE.parent))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from streamlit import config  # noqa: E402

from app.classroom.socket import route  # noqa: E402
from app.classroom.where import hub  # noqa: E402
from app.hosting import logs, metrics  # noqa: E402
from app.hosting.acting import act_first  # noqa: E402
from app.hosting.errors import failed  # noqa: E402
from app.hosting.headers import Guarded  # noqa: E402
from app.hosting.life import life  # noqa: E402
from app.hosting.origin import Own  # noqa: E402
from app.hosting.redis import check_password  # noqa: E402
from app.hosting.where import check_folders, store  # noqa: E402
from app.settings import BadSettings, settings  # noqa: E402

try:
    told = settings()
    check_folders(told)
    store()  # a Redis at no address is told here, not on every page
    if told.redis is not None:
        check_password(told.redis)
    metrics.serve(told)
except BadSettings as problem:
    sys.exit(str(problem))
logs.begin(told.log_format)
act_first()
config.set_option("server.maxUploadSize", ceil(told.upload_bytes / 2**20))  # megabytes of one file
app = st.App(
    HERE / "lab.py",
    routes=[route(hub)],
    lifespan=life,
    middleware=[Middleware(Guarded), Middleware(Own)],
    on_script_error=failed,
)
