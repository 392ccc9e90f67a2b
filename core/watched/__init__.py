"""A training that ran elsewhere: its recording, the verdict on it, its remedies as code."""
