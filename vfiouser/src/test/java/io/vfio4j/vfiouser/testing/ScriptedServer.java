// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.wire.Header;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A server that knows how to begin, accesses to regions, and what a test lets it answer. Remembers what it was told. */
public final class ScriptedServer implements AutoCloseable {

  /** Answers a command: its body, or null for what the server knows by itself. It may send by itself too. */
  @FunctionalInterface
  public interface Script {
    @Nullable
    MessageBytes reply(RawPeer.Message asked, RawPeer peer) throws IOException;
  }

  /** No answer at all. */
  public static final MessageBytes NOTHING = MessageBytes.empty();

  private final RawPeer peer;
  private final String json;
  private final Script script;
  private final List<RawPeer.Message> received = new CopyOnWriteArrayList<>();
  private final BackgroundTask<Boolean> run;
  private final VfioUserClient client;

  /**
   * Connects a client to a server.
   *
   * @param json what the server answers to VERSION
   */
  public ScriptedServer(String json, ClientOptions options, Script script)
      throws LinuxException, DeviceException {
    this.json = json;
    this.script = script;
    UnixSocket.Pair pair = UnixSocket.pair();
    peer = new RawPeer(pair.one());
    run = BackgroundTask.start("scripted-server", this::serve);
    client = VfioUserClient.of(pair.other(), "scripted", options);
    received.clear();
  }

  public VfioUserClient client() {
    return client;
  }

  /** What came since the client was ready. */
  public List<RawPeer.Message> received() {
    return received;
  }

  private boolean serve() throws IOException {
    try {
      while (true) {
        RawPeer.Message asked = peer.receive();
        received.add(asked);
        MessageBytes scripted = script.reply(asked, peer);
        MessageBytes answer = scripted != null ? scripted : defaultReply(asked);
        if (answer != NOTHING && (asked.flags() & RawPeer.NO_REPLY) == 0) {
          peer.send(reply(asked, answer));
        }
      }
    } catch (EOFException | LinuxException e) {
      return true;
    }
  }

  public static byte[] reply(RawPeer.Message asked, MessageBytes body) {
    byte[] bytes = body.toBytes();
    return RawPeer.header(asked.id(), asked.command(), Header.SIZE + bytes.length, RawPeer.REPLY, 0)
        .bytes(bytes)
        .toBytes();
  }

  public static byte[] error(RawPeer.Message asked, int errno) {
    return RawPeer.header(asked.id(), asked.command(), Header.SIZE, RawPeer.ERROR, errno).toBytes();
  }

  private MessageBytes defaultReply(RawPeer.Message asked) throws LinuxException {
    return switch (asked.command()) {
      case 1 -> MessageBytes.version(1, json);
      case 4 -> MessageBytes.empty().u32(16, 3, 9, 5);
      case 5 -> MessageBytes.empty().u32(32, 3, asked.fields().getInt(8), 0).u64(4096, 0);
      case 8 -> MessageBytes.empty().u16(0);
      case 9 -> MessageBytes.empty().bytes(asked.body()).zeros(asked.fields().getInt(12));
      case 10 -> MessageBytes.empty().bytes(java.util.Arrays.copyOf(asked.body(), 16));
      default -> {
        if ((asked.flags() & RawPeer.NO_REPLY) == 0) {
          peer.send(error(asked, 25));
        }
        yield NOTHING;
      }
    };
  }

  @Override
  public void close() {
    client.close();
    peer.socket().shutdown();
    assertThat(run.failure()).isNull();
    peer.close();
  }
}
