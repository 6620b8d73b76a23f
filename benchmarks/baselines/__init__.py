"""How does the service compare with others?

__main__.py       python -m benchmarks.baselines DATA (make bench): all of them on the same images, side by side
baseline.py       who is measured: the service, its models alone, engines
known.py          the engines and pairs of weights that are known
engine.py         an engine in a process of its own, seen from here
engines/          what runs in such a process
comparison.py     each baseline reads the same images in turn
summary.py        measurements → one table
perf_analyzer.py  NVIDIA's load generator
results.py        tables and plots of all that
"""
