// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import io.vfio4j.engine.util.Futures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Writes to a file and starts writeback meanwhile, in a dedicated thread: otherwise gigabytes stay in the page cache, and the
 * final fsync takes long. The system reports a writeback error only once, so it is kept here.
 */
final class EarlyWriteback implements WritableByteChannel {

  /** The dirty bytes after which writeback is started. */
  private static final long FORCE_INTERVAL = 64L << 20;

  private final FileChannel file;
  private final ExecutorService thread = Executors
      .newSingleThreadExecutor(Thread.ofPlatform().name("vfio4j-writeback").daemon(true).factory());
  private CompletableFuture<Optional<IOException>> running =
      CompletableFuture.completedFuture(Optional.empty());
  private long unforced;

  /**
   * Wraps a file.
   *
   * @param file {@link #close} does not close it
   */
  EarlyWriteback(FileChannel file) {
    this.file = file;
  }

  @Override
  public int write(ByteBuffer data) throws IOException {
    int count = file.write(data);
    unforced += count;
    if (unforced >= FORCE_INTERVAL && running.isDone()) {
      finish();
      unforced = 0;
      running = Futures.submit(thread, this::force);
    }
    return count;
  }

  private Optional<IOException> force() {
    try {
      file.force(false);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e);
    }
  }

  /**
   * Waits for the running writeback.
   *
   * @throws IOException if it failed
   */
  void finish() throws IOException {
    Optional<IOException> failure = running.join();
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  @Override
  public boolean isOpen() {
    return file.isOpen();
  }

  /** Starts no further writeback. */
  @Override
  public void close() {
    thread.shutdown();
  }
}
