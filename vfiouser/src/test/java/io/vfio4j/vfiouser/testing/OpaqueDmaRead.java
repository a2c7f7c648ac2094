// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.vfiouser.wire.Command;

/** A DMA_READ or DMA_WRITE that a device sends for memory that is not shared. */
public final class OpaqueDmaRead {

  public static final long IOVA = 0x10_0000;

  private OpaqueDmaRead() {
  }

  /** Makes the device access four bytes at {@link #IOVA}, and receives its request. */
  public static RawPeer.Message trigger(RawPeer peer, int command) throws Exception {
    peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
    peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(4));
    peer.send(RawPeer.command(0x77, Command.REGION_WRITE,
        MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(command)));
    RawPeer.Message request = peer.receive();
    assertThat(request.flags()).isEqualTo(RawPeer.COMMAND);
    assertThat(request.fields().getLong(0)).isEqualTo(IOVA);
    assertThat(request.fields().getLong(8)).isEqualTo(4);
    return request;
  }

  /** Returns the errno of the device's last command. */
  public static int status(RawPeer peer) throws Exception {
    return peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(0, TestDevice.STATUS, 4)).fields()
        .getInt(16);
  }
}
