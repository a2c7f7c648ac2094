// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CyclicBarrier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventFdTest {

  private static final int EFD_CLOEXEC = 0x80000;
  private static final int BLOCKING = EFD_CLOEXEC;
  private static final int NONBLOCKING = EFD_CLOEXEC | 0x800;

  private static final long FULL = -2; // 2^64 - 2, the largest count

  @Test
  void countsSignalsUntilDrained() throws Exception {
    try (EventFd event = EventFd.create()) {
      assertThat(event.drain()).isZero();
      event.signal();
      event.signal();
      assertThat(event.drain()).isEqualTo(2);
      assertThat(event.drain()).isZero();
      assertThat(Descriptors.isCloseOnExec(event.fd())).isTrue();
    }
  }

  @Test
  void awaitsSignalWithoutConsumingIt() throws Exception {
    try (EventFd event = EventFd.create()) {
      assertThat(event.await(Duration.ZERO)).isFalse();
      assertThat(event.await(Duration.ofMillis(2))).isFalse();
      Background<Boolean> waiter = Background.start(() -> event.await(Duration.ofDays(1)));
      event.signal();
      assertThat(waiter.result()).isTrue();
      assertThat(event.await(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
      assertThat(event.drain()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {BLOCKING, NONBLOCKING})
  void neverBlocks(int flags) throws Exception {
    try (EventFd event = EventFd.of(Fd.adopt(FileCalls.eventfd(0, flags), "foreign"));
        Arena arena = Arena.ofConfined()) {
      assertThat(event.drain()).isZero();
      MemorySegment full = arena.allocateFrom(JAVA_LONG, FULL);
      assertThat(FileCalls.write(event.fd().number(), full, 8)).isEqualTo(8);

      event.signalByWriting();
      assertThat(event.await(Duration.ZERO)).isTrue();
      assertThat(event.drain()).as("a write does not increase it").isEqualTo(FULL);

      assertThat(FileCalls.write(event.fd().number(), full, 8)).isEqualTo(8);
      event.signal();
      event.signal();
      assertThat(event.await(Duration.ZERO)).isTrue();
      assertThat(event.drain()).as("a signal does, once").isEqualTo(FULL + 1);
      assertThat(event.drain()).isZero();
    }
  }

  /**
   * Two signals with space for one: polling before writing would block for ever, as with a peer that fills
   * the counter.
   */
  @Test
  void neverBlocksWhenFilledConcurrently() throws Exception {
    try (EventFd event = EventFd.of(Fd.adopt(FileCalls.eventfd(0, BLOCKING), "foreign"));
        Arena arena = Arena.ofConfined()) {
      MemorySegment nearlyFull = arena.allocateFrom(JAVA_LONG, FULL - 1);
      for (int i = 0; i < 2000; i++) {
        assertThat(FileCalls.write(event.fd().number(), nearlyFull, 8)).isEqualTo(8);
        CyclicBarrier together = new CyclicBarrier(2);
        Background<Boolean> other = Background.start(() -> signalAfter(together, event));
        assertThat(signalAfter(together, event)).isTrue();
        assertThat(other.result()).isTrue();
        assertThat(event.drain()).isEqualTo(FULL + 1);
      }
    }
  }

  private static boolean signalAfter(CyclicBarrier together, EventFd event) throws Exception {
    together.await();
    event.signal();
    return true;
  }

  @Test
  void refusesToSignalOtherFiles() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (EventFd writer = EventFd.of(pipe.writer()); EventFd reader = EventFd.of(pipe.reader())) {
      assertErrno(writer::signal, Errno.EINVAL);
      assertThat(reader.drain()).isZero();
    }
  }

  @Test
  void treatsFullPipeAsFullCounter() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (EventFd writer = EventFd.of(pipe.writer()); EventFd reader = EventFd.of(pipe.reader())) {
      assertThat(reader.drain()).isZero();
      for (int i = 0; i < 100_000; i++) { // pipes hold 64 KiB
        writer.signalByWriting();
      }
      assertThat(reader.await(Duration.ZERO)).isTrue();
      assertThat(reader.drain()).isEqualTo(1);
    }
  }

  @Test
  void failsForHungUpPipe() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (EventFd reader = EventFd.of(pipe.reader())) {
      pipe.writer().close();
      assertErrno(reader::drain, Errno.EPROTO);
      assertErrno(() -> reader.await(Duration.ofDays(1)), Errno.EPIPE);
    }
    Descriptors.Pipe other = Descriptors.pipe();
    try (EventFd writer = EventFd.of(other.writer())) {
      other.reader().close();
      assertErrno(writer::signalByWriting, Errno.EPIPE);
    }
  }

  @Test
  void failsForShortRead() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (Fd writer = pipe.writer(); EventFd reader = EventFd.of(pipe.reader());
        Arena arena = Arena.ofConfined()) {
      assertThat(FileCalls.write(writer.number(), arena.allocate(3), 3)).isEqualTo(3);
      assertErrno(reader::drain, Errno.EPROTO);
    }
  }

  @Test
  void failsOnceClosed() throws Exception {
    EventFd event = EventFd.create();
    event.close();
    event.close();
    assertErrno(event::signal, Errno.EBADF);
    assertErrno(event::signalByWriting, Errno.EBADF);
    assertErrno(event::drain, Errno.EBADF);
    assertErrno(() -> event.await(Duration.ZERO), Errno.EBADF);
  }

  @Test
  void leaksNoDescriptors() throws Throwable {
    assertNoLeaks(() -> EventFd.create().close());
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
