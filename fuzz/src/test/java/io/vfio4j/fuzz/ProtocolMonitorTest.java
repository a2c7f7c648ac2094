// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Detection of protocol violations by a server. */
class ProtocolMonitorTest {

  private static final int READ = 9;
  private static final int WRITE = 10;

  private final ProtocolMonitor monitor = new ProtocolMonitor();

  private static MemorySegment message(int id, int command, int flags, int errno, int body) {
    return MemorySegment.ofArray(WireMessage.message(id, command, flags, errno, new byte[body]));
  }

  private void send(int id, int command, int flags) {
    monitor.recordSent(message(id, command, flags, 0, 20));
  }

  private void receive(int id, int command, int flags, int errno) {
    monitor.checkReceived(message(id, command, flags, errno, 4), MemorySegment.NULL);
  }

  private void assertViolation(int id, int command, int flags, int errno) {
    assertThatExceptionOfType(InvariantViolationException.class)
        .isThrownBy(() -> receive(id, command, flags, errno));
  }

  @Test
  void acceptsCorrectReplies() {
    send(1, READ, 0);
    send(2, WRITE, WireMessage.NO_REPLY);
    send(3, WRITE, 0);

    assertThatCode(() -> {
      receive(1, READ, WireMessage.REPLY, 0);
      receive(0, WireMessage.DMA_READ, 0, 0);
      receive(3, WRITE, WireMessage.REPLY | WireMessage.ERROR, 22);
    }).doesNotThrowAnyException();
    assertThat(monitor.messages()).isEqualTo(3);
  }

  @Test
  void detectsUnsolicitedReply() {
    assertViolation(1, READ, WireMessage.REPLY, 0);
  }

  @Test
  void detectsDuplicateReply() {
    send(1, READ, 0);
    receive(1, READ, WireMessage.REPLY, 0);
    assertViolation(1, READ, WireMessage.REPLY, 0);
  }

  @Test
  void detectsReplyOutOfOrder() {
    send(1, READ, 0);
    send(2, READ, 0);
    assertViolation(2, READ, WireMessage.REPLY, 0);
  }

  @Test
  void detectsReplyToNoReplyCommand() {
    send(1, WRITE, WireMessage.NO_REPLY);
    send(2, READ, 0);
    assertViolation(1, WRITE, WireMessage.REPLY, 0);
  }

  @Test
  void detectsInconsistentErrno() {
    send(1, READ, 0);
    assertViolation(1, READ, WireMessage.REPLY | WireMessage.ERROR, 0);
    assertViolation(1, READ, WireMessage.REPLY, 5);
  }

  @Test
  void detectsInvalidServerCommand() {
    assertViolation(1, READ, 0, 0);
  }

  @Test
  void detectsWrongLength() {
    send(1, READ, 0);
    MemorySegment longer = message(1, READ, WireMessage.REPLY, 0, 8).asSlice(0, 20);
    assertThatExceptionOfType(InvariantViolationException.class)
        .isThrownBy(() -> monitor.checkReceived(longer, MemorySegment.NULL));
  }
}
