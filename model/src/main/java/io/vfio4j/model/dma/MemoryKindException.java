// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;

/** Memory is not of a kind that can be reached so. Nothing has been touched. The errno is EFAULT. */
public final class MemoryKindException extends ErrnoException {

  private static final long serialVersionUID = 1;

  private final long iova;
  private final long length;
  private final MemoryKind kind;

  /**
   * Makes an exception.
   *
   * @param range the mapping that is in the way
   * @param kind what it is
   * @param remedy what can be done, a clause that follows a colon
   */
  public MemoryKindException(IovaRange range, MemoryKind kind, String remedy) {
    super(Errno.EFAULT, "%s is %s: %s".formatted(range, kind.description(), remedy));
    this.iova = range.iova();
    this.length = range.length();
    this.kind = kind;
  }

  /** Returns the mapping that is in the way. */
  public IovaRange range() {
    return new IovaRange(iova, length);
  }

  /** Returns what it is. */
  public MemoryKind kind() {
    return kind;
  }
}
