// SPDX-License-Identifier: Apache-2.0
/**
 * Guests of a real QEMU: sets QEMU up from Debian packages, boots guests with vfio4j devices, and runs commands in
 * them.
 */
@org.jspecify.annotations.NullMarked
package io.vfio4j.interop;
