#!/usr/bin/env bash
# Runs the engine's kernel and golden tests on each width of vector that the kernels know: 512 bits, 256 and 128, as far as the processor has
# them. Build first: dotnet build -c Release tests/Spar.Engine.Tests
#   tests/kernel-paths.sh
set -euo pipefail
cd "$(dirname "$0")/.."
classes="KernelPathTests GemmTests BFloat16Tests CausalAttentionTests VectorMathTests LlamaForwardTests FamilyForwardTests ReferenceTrainingTests SamplerTests LoraTrainingTests QuantizedGemmTests GgufGoldenTests"
filter=$(printf '|FullyQualifiedName~.%s.' $classes)
# Thousands of products; on the narrowest path, where a fused multiply-add may be a call, it alone takes a minute.
wide_only="FullyQualifiedName!~A_row_has_the_same_bits_alone"
has() { grep -qw "$1" /proc/cpuinfo 2>/dev/null; }

run() { # columns that a block of the path has, then settings of the runtime
    echo "== blocks of $1 columns"
    SPAR_KERNEL_COLUMNS=$1 env "${@:2}" dotnet test -c Release --no-build tests/Spar.Engine.Tests --filter "(${filter#|})&$wide_only"
}

if has avx512f; then run 32; fi
if has avx2; then run 16 DOTNET_EnableAVX512=0; fi
run 8 DOTNET_EnableAVX2=0
