// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnixSocketTest {

  private static final MemorySegment NONE = MemorySegment.NULL;

  private static final int RLIMIT_NOFILE = 7;
  private static final MethodHandle GETRLIMIT =
      Native.link("getrlimit", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle SETRLIMIT =
      Native.link("setrlimit", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(64);
  private final ReceivedFds fds = new ReceivedFds();
  private final UnixSocket.Pair pair;

  UnixSocketTest() throws LinuxException {
    pair = UnixSocket.pair();
  }

  @AfterEach
  void close() {
    pair.one().close();
    pair.other().close();
    fds.close();
    arena.close();
  }

  private MemorySegment bytes(String text) {
    return arena.allocateFrom(text).asSlice(0, text.length());
  }

  private String received(int size) {
    return new String(buffer.asSlice(0, size).toArray(JAVA_BYTE), StandardCharsets.US_ASCII);
  }

  @Test
  void sendsHeadAndTailTogether() throws Exception {
    pair.one().send(bytes("head"), bytes("tail"), List.of());
    assertThat(received(pair.other().receive(buffer, fds))).isEqualTo("headtail");
    pair.other().send(bytes("head"), NONE, List.of());
    assertThat(received(pair.one().receive(buffer, fds))).isEqualTo("head");
    pair.other().send(NONE, bytes("tail"), List.of());
    assertThat(received(pair.one().receive(buffer, fds))).isEqualTo("tail");
    assertThat(fds.count()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 253})
  void passesDescriptors(int count) throws Exception {
    List<Fd> sent = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sent.add(Memfd.create("passed-" + i, i));
    }
    pair.one().send(bytes("x"), NONE, sent);
    sent.forEach(Fd::close);

    assertThat(pair.other().receive(buffer, fds)).isEqualTo(1);

    assertThat(fds.count()).isEqualTo(count);
    for (int i = 0; i < count; i++) {
      try (Fd fd = fds.take(i)) {
        assertThat(Descriptors.target(fd)).isEqualTo("/memfd:passed-" + i + " (deleted)");
        assertThat(fd.size()).isEqualTo(i);
        assertThat(Descriptors.isCloseOnExec(fd)).isTrue();
        assertThat(fd.name()).isEqualTo("fd " + fd.number() + " from other end of a socket pair");
      }
    }
  }

  @Test
  void limitsDescriptorsPerMessage() throws Exception {
    try (Fd fd = Memfd.create("passed", 0)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> pair.one().send(bytes("x"), NONE, Collections.nCopies(254, fd)));
    }
  }

  @Test
  void passesDescriptorsWithFirstByteOnly() throws Exception {
    try (Fd fd = Memfd.create("passed", 0)) {
      pair.one().send(bytes("with"), NONE, List.of(fd));
      pair.one().send(bytes("without"), NONE, List.of());
    }
    assertThat(received(pair.other().receive(buffer.asSlice(0, 2), fds))).isEqualTo("wi");
    assertThat(fds.count()).isEqualTo(1);
    assertThat(pair.other().receive(buffer, fds)).isPositive();
    assertThat(fds.count()).isEqualTo(1);
  }

  @Test
  void refusesClosedDescriptor() throws Exception {
    Fd closed = Memfd.create("closed", 0);
    closed.close();
    Fd open = Memfd.create("open", 0);
    int number = open.number();
    assertErrno(() -> pair.one().send(bytes("x"), NONE, List.of(open, closed)), Errno.EBADF);
    open.close();
    assertThat(Descriptors.isOpen(number)).as("released by the sender").isFalse();
    assertThat(pair.other().receiveNow(buffer, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
  }

  @Test
  void failsWhenDescriptorsExceedLimit() throws Throwable {
    // No class can be loaded at the limit, so the exception's class must be loaded before.
    assertErrno(() -> Memfd.create("negative", -1), Errno.EINVAL);
    List<Fd> sent = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      sent.add(Memfd.create("many", 0));
    }
    pair.one().send(bytes("x"), NONE, sent);
    MemorySegment limit = arena.allocate(16, 8);
    assertThat((int) GETRLIMIT.invokeExact(Native.capture(), RLIMIT_NOFILE, limit)).isZero();
    long before = limit.get(JAVA_LONG, 0);
    List<LinuxException> failures = new ArrayList<>();

    limit.set(JAVA_LONG, 0, Descriptors.highestOpen() + 1);
    assertThat((int) SETRLIMIT.invokeExact(Native.capture(), RLIMIT_NOFILE, limit)).isZero();
    try {
      pair.other().receive(buffer, fds);
    } catch (LinuxException e) {
      failures.add(e);
    } finally {
      limit.set(JAVA_LONG, 0, before);
      assertThat((int) SETRLIMIT.invokeExact(Native.capture(), RLIMIT_NOFILE, limit)).isZero();
    }
    sent.forEach(Fd::close);

    assertThat(failures).singleElement().extracting(LinuxException::errno).isEqualTo(Errno.EMFILE);
    assertThat(fds.count()).isLessThan(5);
  }

  @Test
  void deliversLargeMessagesToSlowReader() throws Exception {
    long size = 1 << 20;
    MemorySegment message = arena.allocate(size);
    for (long i = 0; i < size; i++) {
      message.set(JAVA_BYTE, i, (byte) ((i * 31) >> 8));
    }
    pair.one().bufferSize(4096);
    try (Fd fd = Memfd.create("passed", 0)) {
      Background<Boolean> sender = Background.start(() -> {
        pair.one().send(message.asSlice(0, 16), message.asSlice(16), List.of(fd));
        return true;
      });
      MemorySegment whole = arena.allocate(size);
      for (long at = 0; at < size;) {
        long room = Math.min(1000, size - at);
        at += pair.other().receive(whole.asSlice(at, room), fds);
      }
      assertThat(sender.result()).isTrue();
      assertThat(whole.mismatch(message)).isEqualTo(-1);
      assertThat(fds.count()).isEqualTo(1);
    }
  }

  @Test
  void receivesAllBeforeReturning() throws Exception {
    Background<Integer> reader = Background.start(() -> pair.other().receiveAll(buffer.asSlice(0, 8)));
    pair.one().send(bytes("half"), NONE, List.of());
    Descriptors.awaitSleeperOn(pair.other().fd());
    pair.one().send(bytes("full"), NONE, List.of());
    assertThat(received(reader.result())).isEqualTo("halffull");
  }

  @Test
  void endsReceiveAllAtEndOfStream() throws Exception {
    pair.one().send(bytes("half"), NONE, List.of());
    pair.one().close();
    assertThat(pair.other().receiveAll(buffer)).isEqualTo(4);
    assertThat(pair.other().receiveAll(buffer)).isZero();
  }

  @Test
  void leaksNoDescriptorsInReceiveAll() throws Throwable {
    assertNoLeaks(() -> {
      try (Fd fd = Memfd.create("passed", 0)) {
        pair.one().send(bytes("with"), NONE, List.of(fd));
      }
      assertThat(pair.other().receiveAll(buffer.asSlice(0, 4))).isEqualTo(4);
    });
  }

  @Test
  void returnsZeroAtEndOfStream() throws Exception {
    pair.one().send(bytes("last"), NONE, List.of());
    pair.one().close();
    assertThat(pair.other().receive(buffer, fds)).isEqualTo(4);
    assertThat(pair.other().receive(buffer, fds)).isZero();
    assertThat(pair.other().receiveNow(buffer, fds)).isZero();
    assertErrno(() -> pair.other().send(bytes("x"), NONE, List.of()), Errno.EPIPE);
  }

  @Test
  void reportsResetByPeerWithUnreadData() throws Exception {
    pair.one().send(bytes("unread"), NONE, List.of());
    pair.other().close();
    assertErrno(() -> pair.one().receive(buffer, fds), Errno.ECONNRESET);
  }

  @Test
  void returnsWouldBlockWithoutData() throws Exception {
    assertThat(pair.one().receiveNow(buffer, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
    pair.one().receiveTimeout(Duration.ofNanos(1));
    assertThat(pair.one().receive(buffer, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
    assertThat(pair.one().receiveAll(buffer)).isEqualTo(UnixSocket.WOULD_BLOCK);
    pair.other().send(bytes("half"), NONE, List.of());
    assertThat(pair.one().receiveAll(buffer)).isEqualTo(4);
  }

  @Test
  void disablesTimeoutByZero() throws Exception {
    pair.one().receiveTimeout(Duration.ofNanos(1));
    pair.one().receiveTimeout(Duration.ZERO);
    Background<Integer> reader = Background.start(() -> pair.one().receive(buffer, fds));
    Descriptors.awaitSleeperOn(pair.one().fd());
    pair.other().send(bytes("x"), NONE, List.of());
    assertThat(reader.result()).isEqualTo(1);
    assertThatIllegalArgumentException().isThrownBy(() -> pair.one().receiveTimeout(Duration.ofNanos(-1)));
  }

  @Test
  void timesOutWhenPeerDoesNotRead() throws Exception {
    pair.one().sendTimeout(Duration.ofMillis(1));
    MemorySegment large = arena.allocate(16 << 20);
    assertErrno(() -> pair.one().send(large, NONE, List.of()), Errno.ETIMEDOUT);
  }

  @Test
  void wakesReaderOnShutdown() throws Exception {
    Background<Integer> reader = Background.start(() -> pair.one().receive(buffer, fds));
    Descriptors.awaitSleeperOn(pair.one().fd());
    pair.one().shutdown();
    assertThat(reader.result()).isZero();
  }

  @Test
  void wakesReaderOnClose() throws Exception {
    Background<Integer> reader = Background.start(() -> pair.one().receive(buffer, fds));
    Descriptors.awaitSleeperOn(pair.one().fd());
    pair.one().close();
    assertThat(reader.result()).isZero();
  }

  @Test
  void wakesWriterOnClose() throws Exception {
    MemorySegment large = arena.allocate(16 << 20);
    Background<Boolean> writer = Background.start(() -> {
      pair.one().send(large, NONE, List.of());
      return true;
    });
    Descriptors.awaitSleeperOn(pair.one().fd());
    pair.one().close();
    assertErrno(writer::result, Errno.EPIPE);
  }

  @Test
  void closeKeepsStreamOfDuplicate() throws Exception {
    try (UnixSocket passedOn = UnixSocket.of(pair.one().fd().duplicate())) {
      pair.one().close();
      pair.other().send(bytes("x"), NONE, List.of());
      assertThat(passedOn.receive(buffer, fds)).isEqualTo(1);
    }
  }

  @Test
  void failsOnceClosed() {
    pair.one().close();
    pair.one().close();
    pair.one().shutdown();
    assertErrno(() -> pair.one().receive(buffer, fds), Errno.EBADF);
    assertErrno(() -> pair.one().receiveNow(buffer, fds), Errno.EBADF);
    assertErrno(() -> pair.one().receiveAll(buffer), Errno.EBADF);
    assertErrno(() -> pair.one().send(bytes("x"), NONE, List.of()), Errno.EBADF);
    assertErrno(() -> pair.one().peerCredentials(), Errno.EBADF);
    assertErrno(() -> pair.one().bufferSize(4096), Errno.EBADF);
  }

  @Test
  void keepsArenaOpenDuringCall() throws Exception {
    MemorySegment into;
    try (Arena own = Arena.ofShared()) {
      into = own.allocate(8);
      Background<Integer> reader = Background.start(() -> pair.one().receive(into, fds));
      Descriptors.awaitSleeperOn(pair.one().fd());

      assertThatIllegalStateException().isThrownBy(own::close);

      pair.other().send(bytes("x"), NONE, List.of());
      assertThat(reader.result()).isEqualTo(1);
    }
    assertThatIllegalStateException().isThrownBy(() -> pair.one().receive(into, fds));
    assertThatIllegalStateException().isThrownBy(() -> pair.one().send(bytes("x"), into, List.of()));
  }

  @Test
  void checksBuffers() {
    assertThatIllegalArgumentException().isThrownBy(() -> pair.one().receive(NONE, fds));
    assertThatIllegalArgumentException().isThrownBy(() -> pair.one().receiveAll(buffer.asReadOnly()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pair.one().receive(MemorySegment.ofArray(new byte[8]), fds));
    assertThatIllegalArgumentException().isThrownBy(() -> pair.one().send(NONE, NONE, List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pair.one().send(MemorySegment.ofArray(new byte[8]), NONE, List.of()));
  }

  @Test
  void adoptsOnlyUnixStreamSockets() throws Throwable {
    assertNoLeaks(() -> {
      assertErrno(() -> UnixSocket.of(Memfd.create("no socket", 0)), new Errno(88));
      int datagram = SocketCalls.socket(SockaddrUn.AF_UNIX, 2, 0);
      assertErrno(() -> UnixSocket.of(Fd.adopt(datagram, "datagram")), Errno.EPROTOTYPE);
    });
  }

  @Test
  void leaksNoDescriptors() throws Throwable {
    assertNoLeaks(() -> {
      UnixSocket.Pair own = UnixSocket.pair();
      try (UnixSocket one = own.one(); UnixSocket other = own.other(); Fd fd = Memfd.create("passed", 0);
          ReceivedFds came = new ReceivedFds()) {
        assertThat(Descriptors.isCloseOnExec(one.fd())).isTrue();
        one.send(bytes("x"), NONE, List.of(fd, fd));
        other.receive(buffer, came);
        came.take(1).close();
        one.send(bytes("never received"), NONE, List.of(fd));
      }
    });
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void sendsWithoutBlockingAndReportsRoom() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket one = pair.one();
        UnixSocket other = pair.other();
        Poller poller = new Poller(one.fd());
        Arena arena = Arena.ofConfined();
        ReceivedFds fds = new ReceivedFds()) {
      MemorySegment data = arena.allocate(1 << 20);
      one.bufferSize(8192);
      assertThat(poller.awaitWritable(true, 0)).isEqualTo(Poller.WRITABLE);
      long taken = one.sendNow(data, MemorySegment.NULL, 0, List.of(one.fd()));
      assertThat(taken).isPositive().isLessThan(data.byteSize());
      long more;
      while ((more = one.sendNow(data, MemorySegment.NULL, taken, List.of())) != UnixSocket.WOULD_BLOCK) {
        taken += more;
      }
      assertThat(poller.awaitWritable(true, 0)).isZero();
      other.send(data.asSlice(0, 1), MemorySegment.NULL, List.of());
      assertThat(poller.awaitWritable(true, -1)).isEqualTo(Poller.READABLE);
      assertThat(poller.awaitWritable(false, 0)).isZero();

      for (long got = 0; got < taken;) {
        got += other.receive(data, fds);
      }
      assertThat(fds.count()).as("descriptors were sent with the first byte only").isEqualTo(1);
      assertThat(poller.awaitWritable(false, -1)).isEqualTo(Poller.WRITABLE);
      other.shutdown();
      assertThat(poller.awaitWritable(false, -1)).isEqualTo(Poller.READABLE | Poller.WRITABLE);
    }
  }
}
