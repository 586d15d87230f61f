# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of cluster.sh
#
# The guests' kernel and first file system: busybox, the modules they need, and our init.
# crc32_generic is what rdma_rxe asks for by a name that depmod does not know.

guest_modules=(crc32_generic virtio_pci 9pnet_virtio 9p virtio_net rdma_rxe rdma_ucm)

# Sets kernel to the newest version installed together with its modules.
kernel_find()
{
    local image version

    kernel=$(for image in /boot/vmlinuz-*; do
        version=${image#/boot/vmlinuz-}
        if [ -d "/lib/modules/$version" ]; then printf '%s\n' "$version"; fi
    done | sort -V | tail -n 1)
    [ -n "$kernel" ] || die "/boot/vmlinuz-*: no kernel: apt-get install linux-image-amd64"
}

# Little-endian number of $3 bytes at offset $2 of file $1.
file_number()
{
    od -An -v -j "$2" -N "$3" -t "u$3" "$1" | tr -d ' '
}

# Sets vmlinux to the unpacked kernel: unpacking it under emulation takes longer than all the rest
# of a guest's start. The offsets are those of the kernel's boot protocol. A kernel that is not
# packed with xz is left to unpack itself.
kernel_unpack()
{
    local image=/boot/vmlinuz-$kernel payload

    vmlinux=$cache/vmlinux-$kernel
    if [ -e "$vmlinux" ]; then return; fi
    rm -f -- "$cache"/vmlinux-*
    payload=$((($(file_number "$image" 497 1) + 1) * 512 + $(file_number "$image" 584 4)))
    if tail -c "+$((payload + 1))" "$image" | xz -dc --single-stream >"$vmlinux.$$" 2>/dev/null; then
        mv "$vmlinux.$$" "$vmlinux"
    else
        rm -f -- "$vmlinux.$$"
        vmlinux=$image
    fi
}

# One path for each set of inputs.
initramfs_path()
{
    local hash

    hash=$(cat "$top/test/vm/init" "$top/test/vm/boot.sh" "$top/test/lib/assemble-root.sh" | sha256sum)
    printf '%s/initramfs-%s-%.12s\n' "$cache" "$kernel" "$hash"
}

# The files of the modules, each after those it needs.
module_files()
{
    local module

    for module in "${guest_modules[@]}"; do
        modprobe -S "$kernel" --show-depends "$module" || die "$module: not in /lib/modules/$kernel"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

initramfs_fill()
{
    local root=$1 busybox=/bin/busybox file files

    "$busybox" --list 2>/dev/null | grep -x insmod >/dev/null ||
        die "$busybox: not found, or without insmod: apt-get install busybox-static"
    files=$(module_files)
    mkdir -p "$root"/{bin,dev,proc,sys,modules,host,share,root}
    cp "$busybox" "$root/bin/"
    cp "$top/test/vm/init" "$root/init"
    cp "$top/test/lib/assemble-root.sh" "$root/"
    for file in $files; do
        cp "$file" "$root/modules/"
        printf '%s\n' "${file##*/}" >>"$root/modules/order"
    done
}

initramfs_build()
{
    local path root

    path=$(initramfs_path)
    if [ -e "$path" ]; then return; fi
    root=$path.$$
    rm -f -- "$cache"/initramfs-*
    initramfs_fill "$root"
    (cd "$root" && find . | cpio -o -H newc --quiet) >"$path.new"
    mv "$path.new" "$path"
    rm -rf -- "$root"
}
