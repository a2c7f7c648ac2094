// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.Fd;
import io.vfio4j.vfiouser.server.InMemoryClient;
import io.vfio4j.vfiouser.server.InMemoryServer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A well-behaved client after a fuzzed one: it must find the device in its initial state. */
final class FollowUpClient implements InMemoryClient {

  private static final int FIRST_REGISTERS = 0x20;
  private static final int DMA_READ_WRITE = 3;

  private final ArrayDeque<Piece> toSend = new ArrayDeque<>();
  private final List<byte[]> bodies = new ArrayList<>();
  private final List<WireMessage> replies = new ArrayList<>();
  private final boolean isReset;
  private final int expectedReplies;
  private int nextId;

  FollowUpClient(boolean isReset, FdPool fds) {
    this.isReset = isReset;
    send(WireMessage.VERSION, List.of(), new ByteWriter().u16(0).u16(1));
    send(WireMessage.DEVICE_GET_INFO, List.of(), new ByteWriter().u32(16, 0, 0, 0));
    // Succeeds only if the mappings of the previous client have been removed.
    send(WireMessage.DMA_MAP, fds.select(FdPool.spec(FdPool.MEMORY)),
        new ByteWriter().u32(32, DMA_READ_WRITE).u64(0, 0, FdPool.MEMORY_SIZE));
    send(WireMessage.REGION_READ, List.of(), access(ScratchLayout.REGISTERS_BAR, FIRST_REGISTERS));
    send(WireMessage.REGION_READ, List.of(), access(ScratchLayout.MEMORY_BAR, ScratchLayout.PAGE_SIZE));
    expectedReplies = toSend.size();
  }

  private static ByteWriter access(int region, int length) {
    return new ByteWriter().u64(0).u32(region, length);
  }

  private void send(int command, List<Fd> fds, ByteWriter body) {
    byte[] message = WireMessage.message(nextId++, command, 0, 0, body.toArray());
    toSend.add(new Piece(MemorySegment.ofArray(message), fds));
  }

  @Override
  public List<Piece> next() {
    Piece piece = toSend.poll();
    return piece == null ? List.of() : List.of(piece);
  }

  @Override
  public boolean isReady(long nanos) {
    return true;
  }

  @Override
  public void receive(MemorySegment head, MemorySegment tail, List<Fd> fds) {
    replies.add(WireMessage.read(head));
    bodies
        .add(new ByteWriter().bytes(head.asSlice(WireMessage.HEADER).toArray(ValueLayout.JAVA_BYTE))
            .bytes(tail.toArray(ValueLayout.JAVA_BYTE)).toArray());
  }

  /** Runs the client, and checks what it received. */
  void check(InMemoryServer server) {
    server.serve(this);
    List<WireMessage> answered = replies.stream().filter(WireMessage::isReply).toList();
    require(answered.size() == expectedReplies,
        "received %d of %d replies".formatted(answered.size(), expectedReplies));
    for (WireMessage reply : answered) {
      require(reply.errno() == 0, "received " + reply);
    }
    if (isReset) {
      checkPristine(bodies.get(3), bodies.get(4));
    }
  }

  private static void checkPristine(byte[] registers, byte[] memory) {
    MemorySegment actual = MemorySegment.ofArray(registers).asSlice(16);
    MemorySegment expected = MemorySegment.ofArray(new byte[FIRST_REGISTERS]);
    expected.set(ValueLayout.JAVA_INT_UNALIGNED, ScratchLayout.ID, ScratchLayout.ID_VALUE);
    expected.set(ValueLayout.JAVA_INT_UNALIGNED, ScratchLayout.VERSION, ScratchLayout.VERSION_VALUE);
    expected.set(ValueLayout.JAVA_LONG_UNALIGNED, ScratchLayout.MEMORY_SIZE, FuzzServer.MEMORY_SIZE);
    require(actual.mismatch(expected) < 0, "found registers that differ from a new device, from byte "
        + actual.mismatch(expected));
    MemorySegment page = MemorySegment.ofArray(memory).asSlice(16);
    require(page.mismatch(MemorySegment.ofArray(new byte[ScratchLayout.PAGE_SIZE])) < 0,
        "found memory of the previous client");
  }

  private static void require(boolean holds, String violation) {
    if (!holds) {
      throw new InvariantViolationException("the next client " + violation);
    }
  }
}
