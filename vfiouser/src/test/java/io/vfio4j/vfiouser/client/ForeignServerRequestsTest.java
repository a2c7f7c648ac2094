// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that other servers send while the client waits for a reply. */
class ForeignServerRequestsTest extends ForeignServerTestBase {

  /** Commands in the same segment as the reply are in the client's buffer, so the socket is not readable. */
  @Test
  void handlesCommandBufferedWithReply() throws Exception {
    try (Arena arena = Arena.ofShared(); VfioUserClient client = connect((request, peer) -> {
      if (isCommand(request, Command.REGION_WRITE)) {
        return MessageBytes.empty().bytes(request.reply(MessageBytes.empty().bytes(request.body())))
            .bytes(RawPeer.header(1, 11, 32, 0, 0).u64(0x1000, 4).toBytes())
            .bytes(RawPeer.header(2, 12, 36, RawPeer.NO_REPLY, 0).u64(0x1004, 4).u32(7).toBytes())
            .bytes(RawPeer.header(3, 11, 32, 0, 0).u64(0x1004, 4).toBytes()).toBytes();
      }
      return (request.flags() & 0xf) == RawPeer.REPLY ? record(request) : null;
    })) {
      MemorySegment memory = arena.allocate(4096);
      memory.set(LittleEndian.U32, 0, 5);
      client.dma().map(0x1000, memory, true);
      client.writeInt(0, 0, 1);
      Await.until("both replies have arrived", () -> recorded == 2);
      assertThat(memory.get(LittleEndian.U32, 4)).isEqualTo(7);
      assertThat(sum).isEqualTo(5 + 7);
    }
  }

  private volatile int recorded;
  private volatile int sum;

  @SuppressWarnings("NonAtomicVolatileUpdate") // Written by one thread.
  private byte[] record(RawPeer.Message reply) {
    sum += reply.fields().getInt(16);
    recorded++;
    return NOTHING;
  }

  @ParameterizedTest
  @ValueSource(strings = {"unmapped", "across", "count", "short", "unknown", "version"})
  void refusesInvalidServerCommands(String defect) throws Exception {
    int[] errno = {0};
    try (Arena arena = Arena.ofShared(); VfioUserClient client = connect((request, peer) -> {
      if (!isCommand(request, Command.REGION_WRITE)) {
        return null;
      }
      peer.send(switch (defect) {
        case "unmapped" -> RawPeer.header(9, 11, 32, 0, 0).u64(0x900, 4).toBytes();
        case "across" -> RawPeer.header(9, 11, 32, 0, 0).u64(0x1ffe, 4).toBytes();
        case "count" -> RawPeer.header(9, 11, 32, 0, 0).u64(0x1000, -1).toBytes();
        case "short" -> RawPeer.header(9, 12, 34, 0, 0).u64(0x1000, 4).u16(1).toBytes();
        case "unknown" -> RawPeer.header(9, 77, 16, 0, 0).toBytes();
        default -> RawPeer.header(9, 1, 20, 0, 0).u32(0).toBytes();
      });
      RawPeer.Message refused = peer.receive();
      assertThat(refused.id()).isEqualTo(9);
      assertThat(refused.flags()).isEqualTo(RawPeer.ERROR);
      errno[0] = refused.errno();
      return null;
    })) {
      client.dma().map(0x1000, arena.allocate(4096), true);
      client.writeInt(0, 0, 1);
    }
    assertThat(new Errno(errno[0])).isEqualTo(switch (defect) {
      case "unmapped", "across" -> Errno.EFAULT;
      case "unknown", "version" -> Errno.ENOSYS;
      default -> Errno.EINVAL;
    });
  }
}
