# SPDX-License-Identifier: GPL-2.0-only
"""The parts of chariot-compat: which modules, on which hardware, in which boots, and the table."""
