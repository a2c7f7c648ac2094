// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

/**
 * A device of a ring, at the source and at the target.
 *
 * @param vm drives it at the source
 * @param target the device that gets its state
 * @param incoming what the device before it writes to its memory
 * @param outgoing what it writes to the memory of the device behind it
 */
record RingDevice(DemoVm vm, GuestDevice target, PeerTraffic incoming, PeerTraffic outgoing) {

  /** Returns the device that leaves. */
  GuestDevice source() {
    return vm.source();
  }
}
