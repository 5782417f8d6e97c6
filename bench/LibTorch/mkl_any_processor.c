/* Loaded before LibTorch (LD_PRELOAD): MKL, which is a part of it, asks this whether it may take its kernels for AVX-512.
   Its own answer is no on all but Intel's processors. */
int mkl_serv_intel_cpu_true(void)
{
    return 1;
}
