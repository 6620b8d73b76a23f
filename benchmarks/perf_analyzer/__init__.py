"""How do NVIDIA's own tools measure the server? Their input, and the lines that run them.

__main__.py  python -m benchmarks.perf_analyzer FOLDER [IMAGE…]: writes the input, prints the lines
recipe.py    perf_analyzer's line, and Model Analyzer's configuration
"""
