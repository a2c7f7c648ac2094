// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import java.io.IOException;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** A way in which a client's connection fails. The client closes its end afterwards. */
enum ClientFailure {

  CLOSED {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) {
      // Nothing else.
    }
  },
  SHUT_DOWN {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) {
      peer.socket().shutdown();
    }
  },
  PARTIAL_HEADER {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      peer.send(new byte[1 + random.nextInt(Header.SIZE - 1)], copies(fd, random.nextInt(3)));
    }
  },
  PARTIAL_BODY {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      byte[] write =
          RawPeer.command(1, Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, 40_000).zeros(40_000));
      peer.send(Arrays.copyOf(write, Header.SIZE + random.nextInt(write.length - Header.SIZE)),
          copies(fd, random.nextInt(3)));
    }
  },
  FDS_IN_FLIGHT {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      for (int i = random.nextInt(4); i >= 0; i--) {
        peer.send(
            RawPeer.command(i, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, 0x7000_0000L + i * 4096L, 4096)),
            fd);
        peer.send(RawPeer.command(i, Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0)),
            copies(fd, 1 + random.nextInt(8)));
      }
    }
  },
  UNREAD_REPLIES {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      byte[] read = RawPeer.command(1, Command.REGION_READ, MessageBytes.regionAccess(2, 0, 60_000));
      byte[] write =
          RawPeer.command(2, Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, 30_000).zeros(30_000));
      for (int i = random.nextInt(20); i >= 0; i--) {
        peer.send(read);
        peer.send(write, copies(fd, random.nextInt(2)));
      }
    }
  },
  RANDOM_BYTES {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      byte[] bytes = new byte[16 + random.nextInt(100)];
      random.nextBytes(bytes);
      peer.send(bytes, copies(fd, random.nextInt(3)));
    }
  },
  PENDING_DMA_READ {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      startDmaRead(peer);
      for (int i = random.nextInt(3); i > 0; i--) {
        peer.send(
            RawPeer.command(i, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, 0x7000_0000L + i * 4096L, 4096)),
            fd);
      }
    }
  },
  PARTIAL_DMA_REPLY {
    @Override
    void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
      startDmaRead(peer);
      byte[] answer = RawPeer.message(0, Command.DMA_READ, RawPeer.REPLY, 0,
          MessageBytes.empty().u64(OPAQUE, 4).u32(1).toBytes());
      peer.send(Arrays.copyOf(answer, 1 + random.nextInt(answer.length - 1)));
    }
  };

  /** The address of opaque memory, if it is mapped. */
  static final long OPAQUE = 0x6000_0000;

  /** Fails; the server may close the connection before the end. */
  abstract void act(RawPeer peer, Fd fd, RandomGenerator random) throws IOException;

  static void execute(ClientFailure ending, RawPeer peer, Fd fd, RandomGenerator random) throws IOException {
    try {
      ending.act(peer, fd, random);
    } catch (LinuxException e) {
      assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET);
    }
  }

  private static Fd[] copies(Fd fd, int count) {
    Fd[] fds = new Fd[count];
    Arrays.fill(fds, fd);
    return fds;
  }

  /**
   * Makes the device read memory by message, if there is such memory and the state permits it. Reads no
   * reply.
   */
  private static void startDmaRead(RawPeer peer) throws LinuxException {
    peer.send(RawPeer.command(1, Command.REGION_WRITE,
        MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(OPAQUE).u32(4)));
    peer.send(RawPeer.command(2, Command.REGION_WRITE,
        MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ)));
  }
}
