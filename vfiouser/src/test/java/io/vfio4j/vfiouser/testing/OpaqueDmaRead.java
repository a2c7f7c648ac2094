// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;

/** A question of a device for memory that stays with the client, and the answer to it, byte by byte. */
public final class OpaqueDmaRead {

  public static final long IOVA = 0x10_0000;

  private OpaqueDmaRead() {
  }

  /** Makes the device ask for four bytes at {@link #IOVA}, and takes the question. */
  public static RawPeer.Message trigger(RawPeer peer, int what) throws Exception {
    peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
    peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(4));
    peer.send(RawPeer.command(0x77, Command.REGION_WRITE,
        MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(what)));
    RawPeer.Message question = peer.receive();
    assertThat(question.flags()).isEqualTo(RawPeer.COMMAND);
    assertThat(question.fields().getLong(0)).isEqualTo(IOVA);
    assertThat(question.fields().getLong(8)).isEqualTo(4);
    return question;
  }

  public static byte[] reply(RawPeer.Message question, MessageBytes body) {
    return RawPeer
        .header(question.id(), question.command(), Header.SIZE + body.toBytes().length, RawPeer.REPLY, 0)
        .bytes(body.toBytes()).toBytes();
  }

  public static int status(RawPeer peer) throws Exception {
    return peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(0, TestDevice.STATUS, 4)).fields()
        .getInt(16);
  }
}
