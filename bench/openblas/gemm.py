"""GFLOP/s of OpenBLAS' single-precision matrix product: the counterpart of `Spar.Bench gemm`.

    python3 bench/openblas/gemm.py [threads]

Takes the library of Debian's libopenblas0-pthread. Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE first. Every figure is the best of several rounds.
"""
import ctypes as c
import random
import sys
import time

ROW_MAJOR, NO, YES = 101, 111, 112
# Name, rows of the result, its columns, the inner dimension, whether each factor is stored transposed; as in GemmBench.cs.
SHAPES = [
    ("square", 1024, 1024, 1024, NO, NO),
    ("135M forward q", 512, 576, 576, NO, YES),
    ("135M forward up", 512, 1536, 576, NO, YES),
    ("135M forward down", 512, 576, 1536, NO, YES),
    ("135M head", 512, 49152, 576, NO, YES),
    ("135M dX up", 512, 576, 1536, NO, NO),
    ("135M dW up", 1536, 576, 512, YES, NO),
    ("nano forward q", 6144, 128, 128, NO, YES),
    ("nano forward up", 6144, 384, 128, NO, YES),
    ("nano forward down", 6144, 128, 384, NO, YES),
    ("nano head", 6144, 512, 128, NO, YES),
    ("nano dX down", 6144, 384, 128, NO, NO),
    ("nano dW up", 384, 128, 6144, YES, NO),
]


def floats(count):
    rng = random.Random(1)
    some = [rng.random() - 0.5 for _ in range(min(count, 4096))]
    return (c.c_float * count)(*(some * (count // len(some) + 1))[:count])


def main():
    blas = c.CDLL("libopenblas.so.0")
    blas.openblas_set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    blas.cblas_sgemm.argtypes = [c.c_int] * 6 + [c.c_float, c.c_void_p, c.c_int, c.c_void_p, c.c_int, c.c_float, c.c_void_p, c.c_int]
    for name, m, n, k, first, second in SHAPES:
        a, b, result = floats(m * k), floats(n * k), (c.c_float * (m * n))()
        flops = 2.0 * m * n * k
        inner = int(max(1, min(2000, 2e8 / flops)))
        best = float("inf")
        for _ in range(15):
            start = time.perf_counter()
            for _ in range(inner):
                blas.cblas_sgemm(ROW_MAJOR, first, second, m, n, k, 1.0, a, m if first == YES else k, b, k if second == YES else n, 0.0, result, n)
            best = min(best, (time.perf_counter() - start) / inner)
        print(f"{f'{name} {m}x{n}x{k}':40} {flops / best / 1e9:12.2f} GFLOP/s", flush=True)


if __name__ == "__main__":
    main()
