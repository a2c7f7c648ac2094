// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A server with the replies of a test's script, and default replies to VERSION, info and region commands.
 * Records all commands.
 */
public final class ScriptedServer implements AutoCloseable {

  /**
   * Returns the body of the reply to a command, {@link #NOTHING}, or null for the default. May also send
   * itself.
   */
  @FunctionalInterface
  public interface Script {
    @Nullable
    MessageBytes reply(RawPeer.Message request, RawPeer peer) throws IOException;
  }

  /** No reply. */
  public static final MessageBytes NOTHING = MessageBytes.empty();

  private final RawPeer peer;
  private final String json;
  private final Script script;
  private final List<RawPeer.Message> received = new CopyOnWriteArrayList<>();
  private final BackgroundTask<Boolean> run;
  private final VfioUserClient client;

  /**
   * Starts a server and connects a client.
   *
   * @param json the capabilities in the reply to VERSION
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

  /** Returns the commands received since the client was connected. */
  public List<RawPeer.Message> received() {
    return received;
  }

  private boolean serve() throws IOException {
    try {
      while (true) {
        RawPeer.Message request = peer.receive();
        received.add(request);
        MessageBytes scripted = script.reply(request, peer);
        MessageBytes reply = scripted != null ? scripted : defaultReply(request);
        if (reply != NOTHING && (request.flags() & RawPeer.NO_REPLY) == 0) {
          peer.send(request.reply(reply));
        }
      }
    } catch (EOFException | LinuxException e) {
      return true;
    }
  }

  private MessageBytes defaultReply(RawPeer.Message request) throws LinuxException {
    return switch (request.command()) {
      case 1 -> MessageBytes.version(1, json);
      case 4 -> MessageBytes.empty().u32(16, 3, 9, 5);
      case 5 -> MessageBytes.empty().u32(32, 3, request.fields().getInt(8), 0).u64(4096, 0);
      case 8 -> MessageBytes.empty().u16(0);
      case 9 -> MessageBytes.empty().bytes(request.body()).zeros(request.fields().getInt(12));
      case 10 -> MessageBytes.empty().bytes(java.util.Arrays.copyOf(request.body(), 16));
      default -> {
        if ((request.flags() & RawPeer.NO_REPLY) == 0) {
          peer.send(request.error(Errno.ENOTTY.number()));
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
