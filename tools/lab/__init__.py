# SPDX-License-Identifier: GPL-2.0-only
"""The library of tools/chariot-lab: machines in which chariot is built and tried."""
