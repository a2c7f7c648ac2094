// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;

/**
 * A refused access to memory of a kind that cannot be accessed that way. Nothing has been accessed. The errno
 * is EFAULT.
 */
public final class MemoryKindException extends ErrnoException {

  private static final long serialVersionUID = 1;

  private final long iova;
  private final long length;
  private final MemoryKind kind;

  /**
   * Creates an exception.
   *
   * @param range the mapping that cannot be accessed
   * @param kind its kind
   * @param remedy what can be done, a clause that follows a colon
   */
  public MemoryKindException(IovaRange range, MemoryKind kind, String remedy) {
    super(Errno.EFAULT, "%s is %s: %s".formatted(range, kind.description(), remedy));
    this.iova = range.iova();
    this.length = range.length();
    this.kind = kind;
  }

  /** Returns the mapping that cannot be accessed. */
  public IovaRange range() {
    return new IovaRange(iova, length);
  }

  /** Returns its kind. */
  public MemoryKind kind() {
    return kind;
  }
}
