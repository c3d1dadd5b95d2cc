"""The project's own model beside its peers: trained on the same renders for the same minutes, measured alike.

`python -m tests.benchmarks.peers --help` says how; START HERE: benchmark.py.
"""
