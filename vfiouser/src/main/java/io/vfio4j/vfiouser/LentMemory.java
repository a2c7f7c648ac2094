// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

/** How a {@link VfioUserProbe} lends memory to a device. */
public enum LentMemory {
  /** As a file that the server maps. */
  MAPPED,
  /** As a file that the server reads and writes. */
  BY_FILE_IO,
  /** Without a file: the server asks for it by message. */
  BY_MESSAGE
}
