"""The dashboard as an ASGI app: `uvicorn asgi:app --workers 2`; see deploy/README.md."""

import os
from pathlib import Path

import streamlit as st

os.chdir(Path(__file__).parent)  # Streamlit looks for .streamlit/config.toml here
app = st.App("dashboard.py")
