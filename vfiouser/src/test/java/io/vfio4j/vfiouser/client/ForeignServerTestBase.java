// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.io.EOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** A server that is not ours, or not well, and a client of ours; each test says what it answers. */
abstract class ForeignServerTestBase {

  /** What a server answers to a command; null for what a plain one would. */
  @FunctionalInterface
  interface Script {
    byte @Nullable [] reply(RawPeer.Message asked, RawPeer peer) throws IOException;
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
    RawPeer serving = new RawPeer(pair.one());
    peer = serving;
    server = BackgroundTask.start("foreign-server", () -> serve(serving, script));
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

  /** Serves until the client is gone. */
  private boolean serve(RawPeer serving, Script script) throws IOException {
    try {
      while (true) {
        RawPeer.Message asked = serving.receive();
        byte[] answer = script.reply(asked, serving);
        byte[] sent = answer != null ? answer : defaultReply(asked);
        if (sent.length > 0) {
          serving.send(sent);
        }
      }
    } catch (EOFException | LinuxException e) {
      return true;
    }
  }

  static byte[] reply(RawPeer.Message asked, MessageBytes body) {
    return RawPeer.header(asked.id(), asked.command(), Header.SIZE + body.toBytes().length, RawPeer.REPLY, 0)
        .bytes(body.toBytes()).toBytes();
  }

  static byte[] error(RawPeer.Message asked, int errno) {
    return RawPeer.header(asked.id(), asked.command(), Header.SIZE, RawPeer.ERROR, errno).toBytes();
  }

  static boolean isCommand(RawPeer.Message asked, Command command) {
    return asked.command() == command.wireValue();
  }

  static boolean isFeature(RawPeer.Message asked, int flags) {
    return isCommand(asked, Command.DEVICE_FEATURE) && asked.fields().getInt(4) == flags;
  }

  /** A server as old as they come: version 0.0, no capabilities, no DMA logging. */
  private byte[] defaultReply(RawPeer.Message asked) {
    return switch (asked.command()) {
      case 1 -> reply(asked, MessageBytes.empty().u16(0).u16(0));
      case 4 -> reply(asked, MessageBytes.empty().u32(16, 3, 9, 5));
      case 9 -> reply(asked, MessageBytes.regionAccess(asked.fields().getInt(8), asked.fields().getLong(0),
          asked.fields().getInt(12)).zeros(asked.fields().getInt(12)));
      case 10 -> reply(asked, MessageBytes.empty().bytes(asked.body()));
      case 13, 2, 3 -> reply(asked, MessageBytes.empty());
      case 16 -> defaultFeatureReply(asked);
      case 17 -> reply(asked, MessageBytes.empty().u32(8, 0).zeros(asked.fields().getInt(4)));
      default -> error(asked, 38);
    };
  }

  private byte[] defaultFeatureReply(RawPeer.Message asked) {
    int flags = asked.fields().getInt(4);
    return switch (flags) {
      case Feature.MIGRATION | Feature.GET -> reply(asked, MessageBytes.feature(flags, 8).u64(5));
      case Feature.MIG_DEVICE_STATE | Feature.GET ->
        reply(asked, MessageBytes.feature(flags, 8).u32(state, -1));
      case Feature.MIG_DEVICE_STATE | Feature.SET -> {
        state = asked.fields().getInt(8);
        yield reply(asked, MessageBytes.empty().bytes(asked.body()));
      }
      default -> error(asked, 22);
    };
  }
}
