"""Classic results on the training of deep networks, computed anew and judged openly."""
