"""How the OCR models are launched on Triton: the same on a bare machine, in the image and for benchmarks.

    machine.py       what this machine offers: cores, a quota of them, a GPU, VNNI, shared memory
    profiles.py      which profile suits it: cpu, gpu, tensorrt, or the files as they are
    layout.py        how many instances and threads each model gets, and the repository that says so
    warm_up.py       what a GPU is made ready for before the first request
    engines.py       `ocr-engines`: TensorRT's engines, built ahead
    names.py         names of models and their parameters
    repository.py    the exported models: which there are, their configurations and graphs
    served.py        the folder that Triton serves: which versions of the models, and which are to be had
    control.py       who says which models are loaded: nobody, a caller with the key, or files
    models.py        what Triton is told of the models: a folder written for this machine, or an address as it stands
    published.py     a folder that servers poll, in which they never see half a version; publish.py: its command
    followed.py      leads a server that polls to the newest version
    model_config.py  one model's configuration as a ModelConfig message: read, changed, written
    triton_flags.py  the flags of tritonserver that every launch needs
    tritonserver.py  one tritonserver and its children: launched, waited for, ended
    ports.py         the ports that callers know, and Triton's own behind them; port_flags.py: what flags say of them
    gate.py          the process that listens there for HTTP and gRPC, `ocr_gate`
    supervisor.py    keeps it answering, whatever happens to its processes
    lookout.py       looks at it and at them, again and again
    attempts.py      how often something was mended lately
    journal.py       what is known of it: said, written, counted
    metrics.py       the counts, as Prometheus reads them
    usage.py         the memory that it takes
    json_log.py      its log as JSON
    metrics_door.py  the port where it asks
    processes.py     which processes it has, and whether they live
    faults.py        what is wrong with them
    wedges.py        which are stuck at one piece of work
    overload.py      whether the server has refused for long
    pulse.py         whether images still come out
    starvation.py    whether the server gets the cores that it asks for
    http_api.py      what the launcher asks its own server
    run_state.py     what the supervisor knows, in a file
    whole_file.py    files that others read meanwhile
    serve.py         `ocr-serve`, the image's command
    health.py        `ocr-health`, the image's health checks
    errors.py        why a server cannot start

`server/` adds what a bare machine needs: the binary itself and a backend for ONNX.
"""
