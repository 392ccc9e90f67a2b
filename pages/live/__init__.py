"""A live lesson: what a teacher shows and a class answers, kept where every process finds it.

No Streamlit here. `lesson` is the value and its rules, `store` the protocol of every store,
`sqlite_store` and `redis_store` two implementations.
"""
