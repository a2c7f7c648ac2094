// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

/**
 * The versions of the VFIO migration interface that a server offers for a device that can migrate.
 *
 * <p>
 * Version 1 is a migration region, at the first free index from 9; it has the capability NDMA if the device
 * has P2P. Version 2 is the commands DEVICE_FEATURE, MIG_DATA_READ and MIG_DATA_WRITE.
 */
public enum MigrationVersions {
  /** Version 1 only: the features of version 2 return ENOTTY. */
  V1,
  /** Version 2 only. */
  V2,
  /**
   * Both. After a client has moved the device through one of them, moves through the other return EBUSY until
   * the next reset. The state can be read through both at any time.
   */
  BOTH;

  boolean hasV1() {
    return this != V2;
  }

  boolean hasV2() {
    return this != V1;
  }
}
