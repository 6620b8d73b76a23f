"""Benchmarks, a folder for each question; docs/benchmarks.md lists which command answers which.

    accuracy     How accurate is the text? Of a server, and of every pair of detector and recognizer.
    baselines    How does the service compare with others? Models alone, RapidOCR, faster-paddle, two requests.
    perf_analyzer  How do NVIDIA's own tools measure the server? Their input, and the lines that run them.
    layouts      Which instances, threads and batches suit this machine?
    reading_order  Are lines read in the order in which a person reads them?
    latency      Where does the time of a request go, how does it grow, and has it become worse?
    upper_bound  How fast are the models alone?
    gpu          All of it on a GPU, in one run of some minutes.
    common       What several of them need: options, tables, plots, images, the server's own figures.

The `__init__.py` of each folder lists its modules. A module that is a command says so in its first line.
"""
