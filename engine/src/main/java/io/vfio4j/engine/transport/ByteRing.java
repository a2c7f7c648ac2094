// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.util.Interrupts;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A ring buffer in native memory, with one writing and one reading thread. Both copy outside the lock, so that they can
 * copy at the same time; the memory is freed when both ends are closed and neither copies.
 */
final class ByteRing {

  private final Arena arena = Arena.ofShared();
  private final ByteBuffer writeView;
  private final ByteBuffer readView;
  private final int capacity;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Bytes written and read so far, and the states of both ends. Guarded by the lock, as is all below. */
  private long written;
  private long read;
  private boolean writing;
  private boolean reading;
  private boolean writerClosed;
  private boolean readerClosed;

  ByteRing(int capacity) {
    this.capacity = capacity;
    this.writeView = arena.allocate(capacity).asByteBuffer();
    this.readView = writeView.duplicate();
  }

  /** Writes as many bytes as fit, at least one, waiting for space; returns false if there was none in time. */
  boolean put(ByteBuffer data, long timeoutNanos) throws IOException {
    int count = beginPut(data.remaining(), timeoutNanos);
    if (count == 0) {
      return false;
    }
    try {
      int limit = data.limit();
      writeView.clear().position((int) (written % capacity));
      writeView.put(data.limit(data.position() + count));
      data.limit(limit);
    } finally {
      endPut(count);
    }
    return true;
  }

  /** Reads as many bytes as there are, waiting for one; returns 0 if none came in time, -1 at the end of the stream. */
  int take(ByteBuffer into, long timeoutNanos) throws IOException {
    int count = beginTake(into.remaining(), timeoutNanos);
    if (count <= 0) {
      return count;
    }
    try {
      int from = (int) (read % capacity);
      into.put(readView.clear().limit(from + count).position(from));
    } finally {
      endTake(count);
    }
    return count;
  }

  boolean hasInput() throws IOException {
    lock.lock();
    try {
      requireOpen(readerClosed);
      return written > read || writerClosed;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether writing this number of bytes would not block. */
  boolean hasRoom(int bytes) throws IOException {
    lock.lock();
    try {
      requireOpen(writerClosed);
      return readerClosed || capacity - (written - read) >= bytes;
    } finally {
      lock.unlock();
    }
  }

  void closeWriter() {
    lock.lock();
    try {
      writerClosed = true;
      changed.signalAll();
      freeWhenUnused();
    } finally {
      lock.unlock();
    }
  }

  void closeReader() {
    lock.lock();
    try {
      readerClosed = true;
      changed.signalAll();
      freeWhenUnused();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for space and returns the bytes that fit without wrapping around, 0 on timeout. */
  private int beginPut(int wanted, long timeoutNanos) throws IOException {
    lock.lock();
    try {
      long left = timeoutNanos;
      while (!writerClosed && !readerClosed && written - read == capacity) {
        if (left <= 0) {
          return 0;
        }
        left = changed.awaitNanos(left);
      }
      requireOpen(writerClosed);
      if (readerClosed) {
        throw new EOFException("the other end is closed");
      }
      writing = true;
      int free = capacity - (int) (written - read);
      return Math.min(wanted, Math.min(free, capacity - (int) (written % capacity)));
    } catch (InterruptedException e) {
      throw Interrupts.reinterrupt(e);
    } finally {
      lock.unlock();
    }
  }

  private void endPut(int count) {
    lock.lock();
    try {
      written += count;
      writing = false;
      changed.signalAll();
      freeWhenUnused();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a byte and returns the number up to the wrap, 0 on timeout, -1 at the end. */
  private int beginTake(int room, long timeoutNanos) throws IOException {
    lock.lock();
    try {
      long left = timeoutNanos;
      while (!readerClosed && !writerClosed && written == read) {
        if (left <= 0) {
          return 0;
        }
        left = changed.awaitNanos(left);
      }
      requireOpen(readerClosed);
      if (written == read) {
        return -1;
      }
      reading = true;
      return (int) Math.min(Math.min(room, written - read), capacity - (int) (read % capacity));
    } catch (InterruptedException e) {
      throw Interrupts.reinterrupt(e);
    } finally {
      lock.unlock();
    }
  }

  private void endTake(int count) {
    lock.lock();
    try {
      read += count;
      reading = false;
      changed.signalAll();
      freeWhenUnused();
    } finally {
      lock.unlock();
    }
  }

  private static void requireOpen(boolean closed) throws ClosedChannelException {
    if (closed) {
      throw new ClosedChannelException();
    }
  }

  private void freeWhenUnused() {
    if (writerClosed && readerClosed && !writing && !reading && arena.scope().isAlive()) {
      arena.close();
    }
  }
}
