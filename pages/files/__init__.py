"""Reading a visitor's file: bytes to text, text to rows, rows to the columns of a `Sheet`.

Libraries do what they do well: charset-normalizer weighs encodings, `csv` splits rows, pandas reads
dates. No Streamlit, so that it can be tested and fuzzed separately.
"""
