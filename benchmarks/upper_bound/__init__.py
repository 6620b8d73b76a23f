"""How fast are the models alone? No server can be faster with the same graphs on the same machine.

__main__.py      python -m benchmarks.upper_bound IMAGE…: images per second of the models alone
models_alone.py  detector and recognizer in one process, laid out as the server has them
"""
