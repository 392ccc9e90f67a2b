"""A run as a stand-alone program."""
