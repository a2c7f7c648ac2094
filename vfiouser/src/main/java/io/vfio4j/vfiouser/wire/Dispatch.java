// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

/**
 * When a server executes a command. While a device waits for memory that it reads or writes by message
 * (DMA_READ, DMA_WRITE), its thread receives further commands of the client.
 */
public enum Dispatch {

  /** The first message of a connection, and not again. */
  HANDSHAKE,

  /** At once, even while the device waits for memory. */
  ALWAYS,

  /**
   * While the device waits for memory, only if all accesses are to regions with a fixed PCI index; any other
   * region may be the migration region. Otherwise as {@link #DEFERRED}. The body begins with
   * {@code struct vfio_user_region_access}, or is that of REGION_WRITE_MULTI.
   */
  PCI_REGION,

  /** After the device has what it waits for: the command changes the device as a whole. */
  DEFERRED,

  /** Between two commands of the VMM, and only if it comes over the control socket. */
  CONTROL,

  /** Never: the server sends it to the client. */
  TO_CLIENT
}
