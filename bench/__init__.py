"""The bench: the product and its peers measured in one run, as ratios. See `docs/performance.md`; `make bench` starts it."""
