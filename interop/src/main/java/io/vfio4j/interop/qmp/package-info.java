// SPDX-License-Identifier: Apache-2.0
/**
 * Control of a stock QEMU from outside, through its monitor (QMP) and its gdb stub: migration of a VM, and what QEMU
 * itself does not migrate of a vfio-user device.
 */
@NullMarked
package io.vfio4j.interop.qmp;

import org.jspecify.annotations.NullMarked;
