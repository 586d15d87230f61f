# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# Installing the packages of test/package/run, into a copy of this system's root: what is written
# there goes into memory. Source it with top, dir, mode, version, work and root set.

: "${top:?}" "${dir:?}" "${version:?}" "${work:?}" "${root:?}"
tap_what='install and remove'
places='PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive'

in_root()
{
    # shellcheck disable=SC2086 # words
    chroot "$root" env -i $places "$@"
}

# /run is empty, as where no systemd runs, so that no script reaches this system's.
make_root()
{
    local name

    mkdir -p "$work/layer" "$root" && mount -t tmpfs tmpfs "$work/layer" &&
        mkdir "$work/layer/upper" "$work/layer/work" &&
        mount -t overlay -o "lowerdir=/,upperdir=$work/layer/upper,workdir=$work/layer/work" overlay "$root" ||
        return 1
    for name in proc sys dev; do mount --rbind "/$name" "$root/$name" || return 1; done
    for name in dev/shm run tmp; do mount -t tmpfs -o mode=1777 tmpfs "$root/$name" || return 1; done
    mount --bind "$dir" "$root/mnt" && rm -f "$root/var/lib/man-db/auto-update" &&
        [ -e "$root/var/lib/dpkg/status" ]
}

deb_files()
{
    (cd "$dir" && ls -- *_"$version"_*.deb) | grep -v -- '-dbgsym_' | sed 's|^|/mnt/|'
}

installs()
{
    # shellcheck disable=SC2046 # one name a line, without spaces
    in_root dpkg --install --force-confdef --force-confold $(deb_files)
}

has_user()
{
    local group

    for group in ivshmemd ivshmem kvm libvirt; do
        in_root id -nG ivshmemd | tr ' ' '\n' | grep -qx "$group" || { echo "not in $group"; return 1; }
    done
}

waits_for_its_operator()
{
    # shellcheck disable=SC2016 # dpkg-query's own placeholder
    [ "$(in_root systemctl is-enabled ivshmemd)" = disabled ] && in_root ivshmemd --check &&
        in_root dpkg-query -W -f '${Conffiles}\n' ivshmemd | grep -q '^ /etc/ivshmemd.conf '
}

tool_works()
{
    in_root ivshmemctl create /dev/shm/packaged --size=16M && in_root ivshmemctl show /dev/shm/packaged &&
        in_root man -w 8 ivshmemctl ivshmemd >/dev/null &&
        in_root bash -c '. /usr/share/bash-completion/completions/ivshmemctl && complete -p ivshmemctl'
}

kernel_with_headers()
{
    local path

    for path in /lib/modules/*/build; do
        if [ -e "$path/Makefile" ]; then basename "$(dirname "$path")"; return; fi
    done
    echo 'no kernel headers: apt-get install linux-headers-amd64'
    return 77
}

# For other kernels than the newest one DKMS is asked when they are installed or booted.
has_driver()
{
    local kernel

    kernel=$(kernel_with_headers) || { echo "$kernel"; return 77; }
    in_root dkms status -m mpich-ivshmem -v "$version" | grep -q "$kernel.*: installed" ||
        in_root dkms install -m mpich-ivshmem -v "$version" -k "$kernel" || return 1
    [ "$(in_root modinfo -k "$kernel" -F filename ivshmem)" = "/lib/modules/$kernel/updates/dkms/ivshmem.ko" ] &&
        cmp "$top/contrib/kmod/60-ivshmem.rules" "$root/lib/udev/rules.d/60-ivshmem.rules" &&
        in_root getent group ivshmem
}

upgrade_keeps_configuration()
{
    echo '# edited' >>"$root/etc/ivshmemd.conf"
    installs && grep -qx '# edited' "$root/etc/ivshmemd.conf"
}

removes()
{
    in_root dpkg --remove ivshmemd ivshmem-tools ivshmem-dkms && [ -e "$root/etc/ivshmemd.conf" ] &&
        [ ! -e "$root/usr/sbin/ivshmemd" ] && ! compgen -G "$root/lib/modules/*/updates/dkms/ivshmem.ko"
}

purges()
{
    in_root dpkg --purge ivshmemd ivshmem-tools ivshmem-dkms && [ ! -e "$root/etc/ivshmemd.conf" ] &&
        [ ! -e "$root/var/lib/dkms/mpich-ivshmem" ] && [ ! -e "$root/usr/src/mpich-ivshmem-$version" ]
}

test_installed()
{
    if [ -z "${PACKAGE_MOUNTS-}" ]; then
        tap_skip "$tap_what" 'not root, or no mount namespaces here'
        return
    fi
    if ! make_root >"$work/mounts" 2>&1; then
        tap_skip "$tap_what" "no overlay of this root: $(tail -n 1 "$work/mounts")"
        return
    fi
    tap_check 'dpkg --install' installs
    tap_check 'user and groups of the daemon' has_user
    tap_check 'the daemon waits for its operator' waits_for_its_operator
    tap_check 'tool, manual, completion' tool_works
    tap_check 'driver, udev rule, group' has_driver
    if [ "${mode-}" = full ]; then test_library; fi
    tap_check 'an upgrade keeps the configuration' upgrade_keeps_configuration
    tap_check 'dpkg --remove' removes
    tap_check 'dpkg --purge' purges
}
