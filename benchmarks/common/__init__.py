"""What several benchmarks need.

options.py            options that several commands have
images.py             sample images, enlarged ones, drawn pages
turns.py              the order of measurements that take turns
server_statistics.py  what a server counts of its models
cpu_time.py           CPU time of a server's processes
tables.py             tables in Markdown
plots.py              plots in PNG files
results.py            the folder of results, CSV files, a line about the machine
weights.py            what detector.json and recognizer.json ask of the steps
"""
