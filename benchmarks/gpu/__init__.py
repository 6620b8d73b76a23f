"""What is measured on a machine with a GPU, in one run of some minutes.

__main__.py      python -m benchmarks.gpu (make bench-gpu): throughput, latencies, accuracy, upper bounds, layouts
measurements.py  these, the most important first
mixed_pages.py   pages of many sizes, and whether memory grows with them
budget.py        time for measurements
clients.py       a load put on a server by several processes
device.py        how busy the GPU is
upper_bounds.py  image decoding on all cores, and the models alone with full batches
report.py        tables and plots
calls.py         python -m benchmarks.gpu.calls: calls of each network alone, in each shape
wheels.py        python -m benchmarks.gpu.wheels: carries all of it to a machine without a network
"""
