"""A run of bench.tables as tests make one up."""


def run_of(bench, method, split=0, build="1", error=1.0, failed=None, problem="a"):
    return bench.runs.Run(problem, split, method, build, error, 2.0, 3.0, failed)
