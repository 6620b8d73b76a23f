"""Where does the time of a request go, how does it grow, and has it become worse?

breakdown.py         python -m benchmarks.latency.breakdown: a request's time, part by part
parts.py             the parts of the pipeline in one process
overhead.py          what a server adds to the parts
growth.py            python -m benchmarks.latency.growth: time over pixels, lines of text and clients
gate.py              python -m benchmarks.latency.gate: what the embedded server's gate costs a request
metering.py          python -m benchmarks.latency.metering: what it costs to count a page for Prometheus
observing.py         python -m benchmarks.latency.observing: what it costs to be observed, by metrics and traces
regression_check.py  python -m benchmarks.latency.regression_check: fails where the server costs too much
orientation.py       python -m benchmarks.latency.orientation: what upright pages pay for turned ones
before_after.py      python -m benchmarks.latency.before_after: two checkouts beside each other
"""
