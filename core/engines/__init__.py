"""Where jobs are computed: in worker processes, or on a cluster."""
