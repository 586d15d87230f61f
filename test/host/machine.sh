# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # variables of the script that sources this, and of boot.sh
#
# A libvirt host of our own: libvirtd with its folders, devices and network in namespaces, so that
# one that the machine has is left alone, and a template of guests, which are those of test/vm. The
# sourcing script sets dir, which all users may read, and top, build, prefix; it defines die.

console=/var/log/libvirt/qemu
guest_network=10.78.0.

# Folders that libvirtd, QEMU and we write are empty ones.
machine_folders()
{
    local folder

    mount --make-rprivate /
    mkdir -p /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt
    etc=$(mktemp -d)
    cp -r /etc/libvirt/. "$etc/"
    rm -rf "$etc/qemu/networks/autostart" "$etc/qemu/autostart"
    for folder in /dev/shm /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
        mount -t tmpfs -o mode=0755 tmpfs "$folder"
    done
    chmod 1777 /dev/shm
    mount --bind "$etc" /etc/libvirt
    mkdir -p /run/libvirt /var/lib/libvirt/qemu "$console" /run/user /run/lock
}

machine_network()
{
    ip link set lo up
    ip link add guests type bridge
    ip link set guests mtu 9000 up
    ip addr add "${guest_network}254/24" dev guests
    hostname mpihost
    printf '%s\n' '127.0.0.1 localhost' "${guest_network}254 mpihost" "${guest_network}1 vm1" \
        "${guest_network}2 vm2" >"$dir/hosts"
    mount --bind "$dir/hosts" /etc/hosts
}

# Members of the group may use libvirt, as an operator would have it.
machine_libvirt()
{
    printf 'unix_sock_group = "libvirt"\nunix_sock_rw_perms = "0770"\nauth_unix_rw = "none"\n' \
        >>/etc/libvirt/libvirtd.conf
    virtlogd -d && libvirtd -d
}

machine_end()
{
    local vm pid_file

    for vm in $(virsh -q list --name 2>/dev/null); do virsh -q destroy "$vm" >/dev/null 2>&1; done
    for pid_file in /run/libvirtd.pid /run/virtlogd.pid; do
        if [ -e "$pid_file" ]; then kill "$(cat "$pid_file")" 2>/dev/null; fi
    done
    umount /etc/libvirt
    rm -rf "$etc"
}

# What the guests boot, in places that libvirt may give to QEMU's user; and their shared folder.
guest_files()
{
    cache=$dir
    kernel_find
    kernel_unpack
    mkdir "$dir/root" "$dir/share"
    initramfs_fill "$dir/root"
    (cd "$dir/root" && find . | cpio -o -H newc --quiet) >"$dir/initramfs"
    if [ "$vmlinux" = "/boot/vmlinuz-$kernel" ]; then cp "$vmlinux" "$dir/vmlinux" && vmlinux=$dir/vmlinux; fi
    chmod 644 "$dir/initramfs" "$vmlinux"
    cp "$dir/hosts" "$dir/share/hosts"
    {
        printf 'state=%q rexec=%q network=%q mtu=9000\n' "$dir" "$dir/share/rexec" "$guest_network"
        printf 'keep=%q\n' "$top $prefix $build"
        # the number of a guest, by the name that is planned for it
        printf "case \$vm in *-n0-0) vm=1 ;; *-n0-1) vm=2 ;; esac\n"
    } >"$dir/share/guest.conf"
    chmod 777 "$dir/share"
}

# guest_template NAME: for "ivshmemctl plan". Ports to plug devices in; memory that starts quickly.
guest_template()
{
    cat <<END
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$vmlinux</kernel>
    <initrd>$dir/initramfs</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 no_timer_check cryptomgr.notests mitigations=off vm=@VM@</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <devices>
    <controller type='pci' model='pcie-root'/>
    $(for ((i = 0; i < 6; i++)); do echo "<controller type='pci' model='pcie-root-port'/>"; done)
    <controller type='usb' model='none'/>
    <filesystem type='mount' accessmode='squash' multidevs='remap'>
      <source dir='/'/><target dir='root'/><readonly/>
    </filesystem>
    <filesystem type='mount' accessmode='squash' multidevs='remap'>
      <source dir='$dir/share'/><target dir='share'/>
    </filesystem>
    <interface type='bridge'>
      <source bridge='guests'/><model type='virtio'/><mtu size='9000'/><rom enabled='no'/>
    </interface>
    <serial type='file'><source path='$console/@VM@.console'/><target port='0'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
END
}
