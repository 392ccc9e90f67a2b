"""Charts: pure functions to `alt.Chart`, and the tables that they draw. No Streamlit here."""
