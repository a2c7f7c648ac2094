// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

/** How a {@link VfioUserProbe} lends memory to a device. */
public enum ProbeMemoryKind {
  /** As a file that the server maps. */
  MAPPED,
  /** As a file that the server reads and writes. */
  FILE_IO,
  /** Without a file: the server asks for it by message. */
  MESSAGE
}
