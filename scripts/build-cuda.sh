#!/usr/bin/env bash
# Builds gazenlq for NVIDIA GPUs: one program that also starts where there is no GPU and no driver, and
# uses the CPU there. Building needs neither. Arguments go to cargo, for example -j2.
#
# An installed CUDA 12 or 13 toolkit is used (CUDA_HOME, nvcc on the path, or /usr/local/cuda).
# Elsewhere the parts that are needed are fetched from PyPI by name, at a pinned version (650 MB).
# The program runs on the architecture of CUDA_COMPUTE_CAP (without it 80: Ampere) and on newer ones.
# PROFILE=dev builds without the long optimisation.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

project=$PWD
target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
work=$target/cuda
profile=${PROFILE:-release}
wheels='cuda-toolkit[nvcc,cudart,cublas,curand,nvrtc,cccl,crt,nvvm]==13.0.2'

say() { echo "build-cuda: $*" >&2; }

# Prints the folder of an installed toolkit that is new enough.
installed_toolkit() {
    local home release
    for home in "${CUDA_HOME:-}" "$(dirname "$(dirname "$(command -v nvcc || echo /-/-)")")" /usr/local/cuda; do
        [[ -n $home && -x $home/bin/nvcc ]] || continue
        release=$("$home/bin/nvcc" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
        if ((release >= 12)) && [[ -n $(static_runtime "$home") ]]; then
            echo "$home"
            return
        fi
        say "the CUDA toolkit in $home is too old or incomplete (release $release); going on without it"
    done
}

# Prints the folder of a toolkit in which its libraries lie.
static_runtime() {
    local folder
    for folder in "$1"/{lib64,lib,targets/x86_64-linux/lib}; do
        [[ ! -f $folder/libcudart_static.a ]] || { echo "$folder"; return; }
    done
}

install_packages "${BUILD_PACKAGES[@]}"
require_cargo
mkdir -p "$work"

toolkit=$(installed_toolkit)
if [[ -z $toolkit ]]; then
    site=$work/venv/lib/python3/site-packages/nvidia/cu13
    if [[ ! -x $site/bin/nvcc ]]; then
        say "fetching $wheels from PyPI"
        install_packages python3-venv
        python3 -m venv --clear "$work/venv"
        "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheels"
        # the folder's name holds Python's version
        ln -sfn "$(basename "$work"/venv/lib/python3.*)" "$work/venv/lib/python3"
    fi
    toolkit=$site
fi
libraries=$(static_runtime "$toolkit")
say "CUDA: $toolkit"

# A toolkit whose only runtime library is the static one, so that the program does not need a shared one.
root=$work/toolkit
rm -rf "$root"
mkdir -p "$root/lib64"
for part in bin include nvvm; do
    [[ ! -e $toolkit/$part ]] || ln -s "$toolkit/$part" "$root/$part"
done
ln -s "$libraries/libcudart_static.a" "$root/lib64/libcudart.a"
ln -s "$libraries/libcudadevrt.a" "$root/lib64/libcudadevrt.a"
export CUDA_HOME=$root CUDA_PATH=$root NVCC=$root/bin/nvcc PATH=$root/bin:$PATH
export LIBRARY_PATH=$root/lib64${LIBRARY_PATH:+:$LIBRARY_PATH}
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80}

# candle asks for CUDA's libraries to be linked, and such a program does not start without them. Its
# source is copied and asks for them to be loaded when they are used. Cargo takes the copy from a project
# that is this one in all but the manifest and the lock file, which stay as they are here.
cargo fetch --locked --quiet
manifest=$(cargo metadata --locked --offline --format-version 1 | grep -o '[^"]*/candle-core-[^"/]*/Cargo.toml' | head -n 1)
candle=${manifest%/Cargo.toml}
rm -rf "$work/candle-core" "$work/source"
cp -r "$candle" "$work/candle-core"
if ! grep -q '"dynamic-loading"' "$work/candle-core/Cargo.toml"; then
    sed -i 's/"dynamic-linking"/"dynamic-loading"/' "$work/candle-core/Cargo.toml"
    if ! grep -q '"dynamic-loading"' "$work/candle-core/Cargo.toml"; then
        say "candle-core names its way to CUDA's libraries differently now: this script needs a look ($candle)"
        exit 1
    fi
fi
mkdir "$work/source"
for part in "$project"/*; do
    case ${part##*/} in
        Cargo.toml | Cargo.lock) cp "$part" "$work/source" ;;
        target) ;;
        *) ln -s "$part" "$work/source" ;;
    esac
done
printf '\n[patch.crates-io]\ncandle-core = { path = "%s" }\n' "$work/candle-core" >>"$work/source/Cargo.toml"

# The libraries are looked for where they were built with, too, so that LD_LIBRARY_PATH is not needed here.
(
    cd "$work/source"
    CARGO_TARGET_DIR=$work/build cargo rustc --profile "$profile" --bin gazenlq --features cuda "$@" -- \
        -C link-arg="-Wl,-rpath,$libraries"
)
program=$work/build/${profile/#dev/debug}/gazenlq
say "built $program"
"$program" doctor || true
