"""Ray with what archives need, in an environment of its own that is made on first use."""

from downloads import Environment

# What the client takes, in versions that also Python 3.10 has; moto is an object store.
RAY = Environment(
    "ray",
    (
        *("ray[data]==2.60.0", "pandas==2.3.3", "pyarrow==22.0.0"),
        *("aiohttp==3.14.5", "click==8.5.1", "numpy==1.26.4", "pillow==12.3.0", "tritonclient[grpc,http]==2.73.0"),
        *("pikepdf==10.13.0.post1", "pydyf==0.12.1", "pypdfium2==5.15.2"),
        *("psutil==7.2.2", "tabulate==0.10.0", "moto[server]==5.2.5"),
    ),
)
