# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# Building MPICH with our files in it. Source it after step.sh, with top, build, netmod, prefix
# and jobs set. Each step has a stamp of what it read, so nothing is done twice.
#
# A package also sets layout (options of configure, which override ours), libdir, includedir and
# pkgconfigdir, and destdir, the folder that stands for the root.

: "${top:?}" "${build:?}" "${netmod:?}" "${prefix:?}" "${jobs:?}" "${stamps:?}"
: "${layout=}" "${destdir=}"
: "${libdir=$prefix/lib}" "${includedir=$prefix/include}" "${pkgconfigdir=$libdir/pkgconfig}"
mpich_src=$build/mpich-src
mpich_obj=$build/mpich
pkgconfig_template=$top/build-aux/mpich-ivshmem.pc.in
if [ "$netmod" = ofi ]; then mpich_obj=$build/mpich-ofi; fi

# The bundled libraries that we replace by the system's, or keep as released, are left alone.
autogen_options=(-without-izem -without-ofi -without-ucx -without-json -without-yaksa
    -without-hwloc -without-hydra -without-hydra2 -without-romio)

fortran_flags='-O2 -fallow-argument-mismatch -fallow-invalid-boz'

mpich_configure_options()
{
    local options=(--prefix="$prefix" --disable-maintainer-mode
        --with-ch4-shmmods=posix --with-datatype-engine=dataloop --with-hwloc=/usr
        --with-wrapper-dl-type=none --enable-shared --disable-static
        --enable-fortran=all --enable-romio '--enable-fast=O2,ndebug' --enable-yield=sched_yield
        FFLAGS="$fortran_flags" FCFLAGS="$fortran_flags")

    case $netmod in
        ucx) options+=(--with-device=ch4:ucx --with-ucx=/usr) ;;
        ofi) options+=(--with-device=ch4:ofi --with-libfabric=/usr) ;;
    esac
    # shellcheck disable=SC2206 # words, none of which has a space
    options+=($layout)
    printf '%s\n' "${options[@]}"
}

# Everything autogen.sh derives from: build fragments, message texts and their uses, knobs.
autogen_inputs()
{
    local file

    cat "$mpich_src/.source-id"
    { cat "$build/overlay.list"; find "$build/mpich-orig" -type f -printf '%P\n' 2>/dev/null | LC_ALL=C sort; } |
        while read -r file; do
            case $file in
                *.[ch]) sed -n '/BEGIN_MPI_T_CVAR_INFO_BLOCK/,/END_MPI_T_CVAR_INFO_BLOCK/p' "$mpich_src/$file"
                    grep -o '"\*\*[^"]*"' "$mpich_src/$file" || true ;;
                *) printf '%s\n' "$file"
                    cat "$mpich_src/$file" ;;
            esac
        done
}

run_autogen()
{
    cd "$mpich_src" && ./autogen.sh "${autogen_options[@]}"
}

mpich_autogen()
{
    local key

    key=$(autogen_inputs | hash_stdin)
    if stamp_is autogen "$key"; then return; fi
    stamp_drop autogen
    step 'autogen MPICH' 'read the log; the overlay or a patch broke a build fragment' run_autogen
    stamp_set autogen "$key"
}

run_configure()
{
    mapfile -t options < <(mpich_configure_options)
    mkdir -p "$mpich_obj"
    cd "$mpich_obj" && "$mpich_src/configure" "${options[@]}"
}

mpich_configure()
{
    local key

    key=$({ cat "$stamps/autogen"; mpich_configure_options; printf '%s\n' "$mpich_src"; } | hash_stdin)
    if stamp_is "configure-$netmod" "$key"; then return; fi
    stamp_drop "configure-$netmod"
    stamp_drop "install-$netmod"
    step "configure MPICH $netmod" 'read the log; most often a development package is missing' run_configure
    stamp_set "configure-$netmod" "$key"
}

# Whether make has anything to do costs seconds to ask; ask only if a source is newer.
mpich_sources_changed()
{
    local mark=$stamps/make-$netmod

    [ ! -e "$mark" ] || [ "$stamps/configure-$netmod" -nt "$mark" ] ||
        [ -n "$(find -L "$mpich_src/src" -newer "$mark" -type f -print -quit)" ]
}

mpich_make()
{
    if ! mpich_sources_changed; then return; fi
    touch "$build/make.started"
    step "make MPICH $netmod" 'correct the error above and run again' make -C "$mpich_obj" -j "$jobs"
    touch -r "$build/make.started" "$stamps/make-$netmod"
    stamp_drop "install-$netmod"
}

# The distribution calls the same libraries by other names; programs built there find ours by these.
install_aliases()
{
    ln -sfn libmpi.so.12 "$destdir$libdir/libmpich.so.12"
    ln -sfn libmpicxx.so.12 "$destdir$libdir/libmpichcxx.so.12"
    ln -sfn libmpifort.so.12 "$destdir$libdir/libmpichfort.so.12"
}

# MPICH's own file is called mpich, as the distribution's is, and names libraries of ours by mistake.
install_pkgconfig()
{
    local rpath=

    if [[ $layout == *--with-wrapper-dl-type=runpath* ]]; then rpath="-Wl,-rpath,$libdir "; fi
    mkdir -p "$destdir$pkgconfigdir"
    sed -e "s|@prefix@|$prefix|; s|@libdir@|$libdir|; s|@includedir@|$includedir|" \
        -e "s|@version@|$(cat "$top/VERSION")|; s|@rpath@|$rpath|; s|@fflags@|$fortran_flags|" \
        "$pkgconfig_template" >"$destdir$pkgconfigdir/mpich-ivshmem.pc"
}

run_install()
{
    make -C "$mpich_obj" install DESTDIR="$destdir" && install_aliases && install_pkgconfig
}

mpich_install()
{
    local key

    key="$prefix $destdir $(cat "$pkgconfig_template" "$top/VERSION" | hash_stdin)"
    if stamp_is "install-$netmod" "$key" && [ -e "$destdir$libdir/libmpich.so.12" ]; then return; fi
    step "install MPICH $netmod" "is $destdir$prefix writable?" run_install
    stamp_set "install-$netmod" "$key"
}

# mpich_build TARBALL|DIR: all but installing
mpich_build()
{
    step 'prepare MPICH source' 'see the message above' \
        "$top/build-aux/prepare-mpich" "$top" "$build" "$1"
    "$top/build-aux/overlay" "$top" "$mpich_src" >"$build/overlay.list.new"
    mv "$build/overlay.list.new" "$build/overlay.list"
    mpich_autogen
    mpich_configure
    mpich_make
}
