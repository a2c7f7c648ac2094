// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

/**
 * A device of a ring, at the source and at the target.
 *
 * @param vm drives the device at the source
 * @param target the device at the target
 * @param incoming the writes of the previous device to its memory
 * @param outgoing its writes to the memory of the next device
 */
record RingDevice(DemoVm vm, GuestDevice target, PeerTraffic incoming, PeerTraffic outgoing) {

  /** Returns the device at the source. */
  GuestDevice source() {
    return vm.source();
  }
}
