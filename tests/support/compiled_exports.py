"""An exported C file compiled by this machine's compiler, and run at points."""

import shutil
import subprocess

import numpy as np

CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
STRICT = ["-std=c99", "-O2", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
MAIN = """
#include <stdio.h>
{prototypes}
int main(void)
{{
    {real} x[{n}]; {real} y[{m}]; double value; int k; int count = 0;
    if ({name}_selftest() != 0) {{ return 1; }}
    while (scanf("%lf", &value) == 1) {{
        x[count] = ({real})value; count++;
        if (count == {n}) {{
            int status = {call}; count = 0; printf("%d", status);
            for (k = 0; k < {m}; k++) {{ printf(" %.17g", (double)y[k]); }}
            {more}
            printf("\\n");
        }}
    }}
    return 0;
}}
"""


def compiled(path, points, n_outputs, real="double", jacobian=False):
    """Status, predictions and slopes of a file at points; its own test must pass, too."""
    folder, name, n = path.parent, path.stem, points.shape[1]
    lines = path.read_text().splitlines()
    prototypes = "\n".join(one for one in lines if one.startswith("int ") and one.endswith(");"))
    call, more = f"{name}_predict(x, y)", ""
    if jacobian:
        call = f"{name}_jacobian(x, y, dy)"
        more = f'for (k = 0; k < {n * n_outputs}; k++) {{ printf(" %.17g", (double)dy[k]); }}'
        prototypes += f"\nstatic {real} dy[{n * n_outputs}];"
    main = MAIN.format(prototypes=prototypes, real=real, n=n, m=n_outputs, name=name, call=call,
                       more=more)  # fmt: skip
    (folder / "main.c").write_text(main)
    model, program = str(folder / "model.o"), str(folder / "program")
    subprocess.run([CC, *STRICT, "-c", str(path), "-o", model], check=True)
    subprocess.run([CC, "-std=c99", str(folder / "main.c"), model, "-o", program], check=True)
    given = "\n".join(" ".join(repr(float(v)) for v in row) for row in points)
    done = subprocess.run([program], input=given, capture_output=True, text=True, check=True)
    found = np.array([[float(v) for v in line.split()] for line in done.stdout.splitlines()])
    return found[:, 0], found[:, 1 : 1 + n_outputs], found[:, 1 + n_outputs :]
