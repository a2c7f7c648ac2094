// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Signals that interrupt the system calls of a thread. */
@Timeout(60)
class ThreadSignalTest {

  @FunctionalInterface
  private interface Call {
    long execute(UnixSocket socket) throws LinuxException;
  }

  @Test
  void interruptsReceive() throws Exception {
    try (Arena arena = Arena.ofShared(); ReceivedFds fds = new ReceivedFds()) {
      MemorySegment into = arena.allocate(16);
      assertThat(interrupted(socket -> socket.receive(into, fds))).isEqualTo(UnixSocket.WOULD_BLOCK);
    }
  }

  @Test
  void interruptsPoll() throws Exception {
    assertThat(interrupted(socket -> {
      try (Poller poller = new Poller(socket.fd())) {
        return poller.awaitInterruptibly(-1);
      }
    })).isZero();
    assertThat(interrupted(socket -> {
      try (Poller poller = new Poller(socket.fd())) {
        return poller.awaitInterruptibly(3_600_000_000_000L);
      }
    })).isZero();
  }

  /** Signals the thread until its call has returned: a signal before the call has no effect. */
  private static long interrupted(Call call) throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket one = pair.one(); UnixSocket _ = pair.other()) {
      CompletableFuture<ThreadSignal> signal = new CompletableFuture<>();
      CompletableFuture<Long> result = new CompletableFuture<>();
      Thread thread = Thread.ofPlatform().start(() -> {
        try {
          signal.complete(ThreadSignal.ofCurrentThread());
          result.complete(call.execute(one));
        } catch (LinuxException | RuntimeException e) {
          result.completeExceptionally(e);
        }
      });
      while (!result.isDone()) {
        signal.get().send();
        thread.join(1);
      }
      return result.get(10, TimeUnit.SECONDS);
    }
  }

  /** Other calls continue: no byte is lost or repeated while the thread is signalled all the time. */
  @Test
  void disturbsNoOtherWork() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket one = pair.one();
        UnixSocket other = pair.other();
        Arena arena = Arena.ofShared();
        ReceivedFds fds = new ReceivedFds()) {
      CompletableFuture<ThreadSignal> signal = new CompletableFuture<>();
      CompletableFuture<Long> sum = new CompletableFuture<>();
      AtomicLong received = new AtomicLong();
      Thread thread = Thread.ofPlatform().start(() -> {
        try {
          signal.complete(ThreadSignal.ofCurrentThread());
          MemorySegment into = arena.allocate(4096);
          long total = 0;
          while (true) {
            int count = one.receive(into, fds);
            if (count == 0) {
              sum.complete(total);
              return;
            }
            for (int i = 0; i < count; i++) {
              total += into.get(ValueLayout.JAVA_BYTE, i);
            }
            received.addAndGet(Math.max(0, count));
          }
        } catch (LinuxException | RuntimeException e) {
          sum.completeExceptionally(e);
        }
      });
      MemorySegment from = arena.allocate(100);
      from.fill((byte) 1);
      for (int i = 0; i < 10_000; i++) {
        signal.get().send();
        other.send(from, MemorySegment.NULL, List.of());
      }
      other.shutdown();
      thread.join();
      assertThat(sum.get(10, TimeUnit.SECONDS)).isEqualTo(1_000_000);
      assertThat(received).hasValue(1_000_000);
    }
  }

  @Test
  void ignoresThreadThatHasEnded() throws Exception {
    CompletableFuture<ThreadSignal> signal = new CompletableFuture<>();
    Thread thread = Thread.ofPlatform().start(() -> {
      try {
        signal.complete(ThreadSignal.ofCurrentThread());
      } catch (LinuxException e) {
        signal.completeExceptionally(e);
      }
    });
    thread.join();
    ThreadSignal ended = signal.get();
    // The kernel removes a thread a moment after join returns.
    for (int i = 0; i < 1000; i++) {
      ended.send();
    }
    assertThat(thread.isAlive()).isFalse();
  }
}
