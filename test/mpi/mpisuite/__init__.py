# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Runs MPICH's own test programs in the layouts this project cares about."""
