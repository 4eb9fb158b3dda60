"""The kernels in plain Python: one file a kernel, its meaning, its type stub and the oracle of its tests."""
