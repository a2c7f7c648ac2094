// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

/** How a {@link VfioUserProbe} shares memory with a device. */
public enum ProbeMemoryKind {
  /** A file that the server maps. */
  MAPPED,
  /** A file that the server reads and writes. */
  FILE_IO,
  /** Not shared: the server reads and writes it by message. */
  MESSAGE
}
