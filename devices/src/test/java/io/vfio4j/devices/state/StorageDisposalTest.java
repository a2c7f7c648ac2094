// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class StorageDisposalTest {

  @Test
  void freesOthersIfOneFails() throws Exception {
    MemoryStorage other = MemoryStorage.createPrivate(4096, Optional.empty());
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((_, thrown) -> failure.set(thrown));
    try (Arena anotherThreads = Arena.ofConfined()) {
      MemorySegment stuck = anotherThreads.allocate(8);
      try (StorageDisposal disposal = new StorageDisposal()) {
        disposal.free(new MemoryStorage(stuck, Optional.empty(), anotherThreads));
        disposal.free(other);
      }
      assertThat(stuck.scope().isAlive()).isTrue();
      assertThat(other.memory().scope().isAlive()).isFalse();
      assertThat(failure.get()).isInstanceOf(WrongThreadException.class);
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }
}
