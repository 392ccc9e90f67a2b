"""The theory of wide random networks: how a signal and an error travel through untrained layers."""
