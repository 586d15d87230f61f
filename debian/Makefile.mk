# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# The files of the Debian packages, by name: a build leaves others beside them.

EXTRA_DIST += \
    debian/README.source \
    debian/changelog \
    debian/control \
    debian/copyright \
    debian/ivshmem-dkms.dkms \
    debian/ivshmem-dkms.docs \
    debian/ivshmem-dkms.install \
    debian/ivshmem-tools.docs \
    debian/ivshmem-tools.install \
    debian/ivshmem-tools.lintian-overrides \
    debian/ivshmemd.README.Debian \
    debian/ivshmemd.install \
    debian/ivshmemd.lintian-overrides \
    debian/libmpi-ivshmem-dev.docs \
    debian/libmpi-ivshmem-dev.install \
    debian/libmpi-ivshmem.README.Debian \
    debian/libmpi-ivshmem.docs \
    debian/libmpi-ivshmem.install \
    debian/not-installed \
    debian/rules \
    debian/source/format \
    debian/source/options
