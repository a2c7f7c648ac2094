// SPDX-License-Identifier: Apache-2.0
/** Guests of a real QEMU: how one is set up from Debian packages, booted with devices of ours, and told what to do. */
@org.jspecify.annotations.NullMarked
package io.vfio4j.interop;
