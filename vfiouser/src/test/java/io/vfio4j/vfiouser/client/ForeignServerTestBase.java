// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.io.EOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** Connects a client to a server that is not vfio4j, or misbehaves: the replies are a script of the test. */
abstract class ForeignServerTestBase {

  /** Returns the reply to a command, {@link #NOTHING}, or null for the default. */
  @FunctionalInterface
  interface Script {
    byte @Nullable [] reply(RawPeer.Message request, RawPeer peer) throws IOException;
  }

  static final byte[] NOTHING = {};

  @Nullable
  RawPeer peer;
  private @Nullable BackgroundTask<Boolean> server;
  int state = DeviceState.RUNNING.wireValue();

  VfioUserClient connect(Script script) throws Exception {
    return connect(ClientOptions.DEFAULT, script);
  }

  VfioUserClient connect(ClientOptions options, Script script) throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    RawPeer served = new RawPeer(pair.one());
    peer = served;
    server = BackgroundTask.start("foreign-server", () -> serve(served, script));
    return VfioUserClient.of(pair.other(), "foreign", options);
  }

  @AfterEach
  void end() throws Exception {
    if (peer != null && server != null) {
      peer.socket().shutdown();
      server.result();
      peer.close();
    }
  }

  /** Serves until the client disconnects. */
  private boolean serve(RawPeer served, Script script) throws IOException {
    try {
      while (true) {
        RawPeer.Message request = served.receive();
        byte[] scripted = script.reply(request, served);
        byte[] sent = scripted != null ? scripted : defaultReply(request);
        if (sent.length > 0) {
          served.send(sent);
        }
      }
    } catch (EOFException | LinuxException e) {
      return true;
    }
  }

  static boolean isCommand(RawPeer.Message request, Command command) {
    return request.command() == command.wireValue();
  }

  static boolean isFeature(RawPeer.Message request, int flags) {
    return isCommand(request, Command.DEVICE_FEATURE) && request.fields().getInt(4) == flags;
  }

  /** Replies of the oldest kind of server: version 0.0, no capabilities, no DMA logging. */
  private byte[] defaultReply(RawPeer.Message request) {
    return switch (request.command()) {
      case 1 -> request.reply(MessageBytes.empty().u16(0).u16(0));
      case 4 -> request.reply(MessageBytes.empty().u32(16, 3, 9, 5));
      case 9 ->
        request.reply(MessageBytes.regionAccess(request.fields().getInt(8), request.fields().getLong(0),
            request.fields().getInt(12)).zeros(request.fields().getInt(12)));
      case 10 -> request.reply(MessageBytes.empty().bytes(request.body()));
      case 13, 2, 3 -> request.reply(MessageBytes.empty());
      case 16 -> defaultFeatureReply(request);
      case 17 -> request.reply(MessageBytes.empty().u32(8, 0).zeros(request.fields().getInt(4)));
      default -> request.error(38);
    };
  }

  private byte[] defaultFeatureReply(RawPeer.Message request) {
    int flags = request.fields().getInt(4);
    return switch (flags) {
      case Feature.MIGRATION | Feature.GET -> request.reply(MessageBytes.feature(flags, 8).u64(5));
      case Feature.MIG_DEVICE_STATE | Feature.GET ->
        request.reply(MessageBytes.feature(flags, 8).u32(state, -1));
      case Feature.MIG_DEVICE_STATE | Feature.SET -> {
        state = request.fields().getInt(8);
        yield request.reply(MessageBytes.empty().bytes(request.body()));
      }
      default -> request.error(22);
    };
  }
}
