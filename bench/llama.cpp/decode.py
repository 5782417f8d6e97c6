"""Times llama.cpp at what `Spar.Bench decode` times, through the native library of the npm package node-llama-cpp.

    npm install --ignore-scripts --prefix DIR @node-llama-cpp/linux-x64
    python3 bench/llama.cpp/decode.py DIR MODEL.gguf [threads]

Tokens are given, not sampled, so sampling costs it nothing. Every figure is the best of three, the last one a single run. Which kernels llama.cpp
took for the processor stands on the first line of standard error ("loaded CPU backend from ...").
"""
import ctypes as c
import glob
import os
import random
import sys
import time


class Opaque(c.Structure):
    """A parameter struct whose layout beyond its first numbers is of no concern; passed by value, extra bytes do no harm."""
    _fields_ = [("numbers", c.c_uint32 * 4), ("rest", c.c_char * 1008)]


class Batch(c.Structure):
    _fields_ = [("n_tokens", c.c_int32), ("token", c.POINTER(c.c_int32)), ("embd", c.POINTER(c.c_float)), ("pos", c.POINTER(c.c_int32)),
                ("n_seq_id", c.POINTER(c.c_int32)), ("seq_id", c.POINTER(c.POINTER(c.c_int32))), ("logits", c.POINTER(c.c_int8))]


def load(folder):
    libs = glob.glob(os.path.join(folder, "node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"))[0]

    def one(pattern):
        return c.CDLL(sorted(glob.glob(os.path.join(libs, pattern)))[0], mode=c.RTLD_GLOBAL)

    one("libggml-base*.so*")
    ggml = one("libggml.*so*")
    ggml.ggml_backend_load_all_from_path(libs.encode())
    llama = one("libllama.*so*")
    llama.llama_backend_init()
    for name, result, arguments in [
            ("llama_model_default_params", Opaque, []), ("llama_context_default_params", Opaque, []),
            ("llama_model_load_from_file", c.c_void_p, [c.c_char_p, Opaque]), ("llama_init_from_model", c.c_void_p, [c.c_void_p, Opaque]),
            ("llama_batch_init", Batch, [c.c_int32, c.c_int32, c.c_int32]), ("llama_decode", c.c_int32, [c.c_void_p, Batch]),
            ("llama_get_memory", c.c_void_p, [c.c_void_p]), ("llama_memory_clear", None, [c.c_void_p, c.c_bool]),
            ("llama_memory_seq_cp", None, [c.c_void_p, c.c_int32, c.c_int32, c.c_int32, c.c_int32]),
            ("llama_set_n_threads", None, [c.c_void_p, c.c_int32, c.c_int32]), ("llama_synchronize", None, [c.c_void_p]),
            ("llama_print_system_info", c.c_char_p, [])]:
        function = getattr(llama, name)
        function.restype, function.argtypes = result, arguments
    return llama


LOG = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)
quiet = LOG(lambda level, text, data: None)


class Model:
    def __init__(self, folder, path, threads):
        self.llama = llama = load(folder)
        llama.llama_log_set(quiet, None)
        self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        self.threads = threads
        self.batch = llama.llama_batch_init(1024, 0, 1)
        self.context = None

    def open(self, sequences, tokens):
        if self.context:
            self.llama.llama_free(c.c_void_p(self.context))
        params = self.llama.llama_context_default_params()
        context = sequences * tokens             # batches are no larger
        params.numbers[0] = context              # n_ctx
        params.numbers[1] = min(1024, context)   # n_batch
        params.numbers[2] = min(512, context)    # n_ubatch
        params.numbers[3] = sequences            # n_seq_max
        self.context = self.llama.llama_init_from_model(self.model, params)
        for name, wanted in [
            ("llama_n_ctx", context), ("llama_n_batch", min(1024, context)), ("llama_n_ubatch", min(512, context)), ("llama_n_seq_max", sequences)
        ]:
            function = getattr(self.llama, name)
            function.restype, function.argtypes = c.c_uint32, [c.c_void_p]
            if function(self.context) != wanted:
                raise RuntimeError(f"this llama.cpp has other parameters: {name} is {function(self.context)}, not {wanted}")
        self.llama.llama_set_n_threads(self.context, self.threads, self.threads)

    def clear(self):
        self.llama.llama_memory_clear(self.llama.llama_get_memory(self.context), True)

    def share(self, source, target):
        self.llama.llama_memory_seq_cp(self.llama.llama_get_memory(self.context), source, target, -1, -1)

    def decode(self, rows):
        """rows: (token, position, sequence, wants logits)."""
        b = self.batch
        b.n_tokens = len(rows)
        for i, (token, position, sequence, logits) in enumerate(rows):
            b.token[i], b.pos[i], b.n_seq_id[i], b.logits[i] = token, position, 1, logits
            b.seq_id[i][0] = sequence
        if self.llama.llama_decode(self.context, b) != 0:
            raise RuntimeError("llama_decode failed")
        self.llama.llama_synchronize(self.context)


def ids(count, seed):
    rng = random.Random(seed)
    return [rng.randrange(100, 49000) for _ in range(count)]


def prompt(model, tokens, sequence, first=0):
    model.decode([(t, first + i, sequence, i == len(tokens) - 1) for i, t in enumerate(tokens)])


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def prefill(model):
    model.open(1, 1024)
    model.clear()
    return 512 / timed(lambda: prompt(model, ids(512, 1), 0))


def decode(model, streams, count):
    model.open(streams, 256)
    model.clear()
    for s in range(streams):
        prompt(model, ids(16, s), s)
    tokens = ids(count, 99)
    return streams * count / timed(lambda: [model.decode([(t, 16 + i, s, True) for s in range(streams)]) for i, t in enumerate(tokens)])


def samples(model):
    """16 samples of one prompt of 512 tokens, 64 new tokens each; seconds."""
    model.open(16, 1024)
    model.clear()

    def work():
        for s in range(16):
            if s == 0:
                prompt(model, ids(512, s), s)
            else:
                model.share(0, s)
        for i, t in enumerate(ids(64, 99)):
            model.decode([(t, 512 + i, s, True) for s in range(16)])

    return timed(work)


def main():
    model = Model(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else os.cpu_count())
    print(model.llama.llama_print_system_info().decode())
    prefill(model)
    for name, value, unit in [
            ("prefill 512 tokens", lambda: max(prefill(model) for _ in range(3)), "tokens/s"),
            ("decode, 1 stream", lambda: max(decode(model, 1, 128) for _ in range(3)), "tokens/s"),
            ("decode, 32 streams", lambda: max(decode(model, 32, 64) for _ in range(3)), "tokens/s"),
            ("16 samples, prompt shared", lambda: samples(model), "s")]:
        print(f"{name:40} {value():12.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
