"""The bridge to Streamlit: the only code that touches the session and the address bar."""
