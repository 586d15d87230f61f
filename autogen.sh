#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
set -e
cd "$(dirname "$0")"
mkdir -p config
exec autoreconf --install --warnings=all
