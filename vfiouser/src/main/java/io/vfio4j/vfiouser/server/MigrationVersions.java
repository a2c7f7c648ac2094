// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

/**
 * Which versions of the VFIO migration interface a device is served with, if it can migrate at all.
 *
 * <p>
 * Version 1 is a region of its own, with the index 9 or the first one that is free above it; it has the capability
 * NDMA where the device has P2P. Version 2 is the commands DEVICE_FEATURE, MIG_DATA_READ and MIG_DATA_WRITE.
 */
public enum MigrationVersions {
  /** Version 1 alone: the features of version 2 are answered ENOTTY. */
  V1,
  /** Version 2 alone. */
  V2,
  /**
   * Both. From when a client asks for a state through one of them until the next reset, a request for a state through
   * the other one is answered EBUSY. The state can be read through both at any time.
   */
  BOTH;

  boolean hasV1() {
    return this != V2;
  }

  boolean hasV2() {
    return this != V1;
  }
}
