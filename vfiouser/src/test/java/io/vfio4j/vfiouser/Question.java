// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

/** A question of a device for memory that stays with the client, and the answer to it, byte by byte. */
final class Question {

  static final long IOVA = 0x10_0000;

  private Question() {
  }

  /** Makes the device ask for four bytes at {@link #IOVA}, and takes the question. */
  static RawPeer.Message take(RawPeer peer, int what) throws Exception {
    peer.done(Command.DMA_MAP, Body.dmaMap(3, 0, IOVA, 4096));
    peer.done(Command.REGION_WRITE, Body.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(4));
    peer.send(RawPeer.command(0x77, Command.REGION_WRITE, Body.regionAccess(0, TestDevice.DO, 4).u32(what)));
    RawPeer.Message question = peer.receive();
    assertThat(question.flags()).isEqualTo(RawPeer.COMMAND);
    assertThat(question.fields().getLong(0)).isEqualTo(IOVA);
    assertThat(question.fields().getLong(8)).isEqualTo(4);
    return question;
  }

  static byte[] answer(RawPeer.Message question, Body body) {
    return RawPeer
        .header(question.id(), question.command(), Header.SIZE + body.toBytes().length, RawPeer.REPLY, 0)
        .bytes(body.toBytes()).toBytes();
  }

  static int status(RawPeer peer) throws Exception {
    return peer.done(Command.REGION_READ, Body.regionAccess(0, TestDevice.STATUS, 4)).fields().getInt(16);
  }
}
