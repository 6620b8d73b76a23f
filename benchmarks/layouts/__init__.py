"""Which instances, threads and batches suit this machine?

sweep.py         python -m benchmarks.layouts.sweep: the launcher's choice beside others, on CPUs
crop_batches.py  python -m benchmarks.layouts.crop_batches: widths and numbers of crops that share a call
change.py        a named change of the models' configurations
candidates.py    the changes that are compared
climb.py         change after change, those that gain are kept: what `python -m benchmarks.gpu` does
"""
