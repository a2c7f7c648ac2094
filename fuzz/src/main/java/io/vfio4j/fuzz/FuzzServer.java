// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.server.InMemoryServer;
import io.vfio4j.vfiouser.server.KeepState;
import io.vfio4j.vfiouser.server.ServerOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A scratch device and its server, configured by the setup of an input. */
final class FuzzServer implements AutoCloseable {

  static final int MEMORY_SIZE = 64 << 10;

  /** Number of setups; higher bits are ignored. */
  static final int SETUPS = 32;
  private static final int SMALL_LIMITS = 1;
  private static final int KEEPS_STATE = 2;
  private static final int NO_P2P = 4;
  private static final int NO_MIGRATION = 8;
  private static final int MAPPABLE = 16;

  private static final Limits SMALL = new Limits(2, 4096, 4, 64);
  private static final Limits DEFAULT = new Limits(8, 64 << 10, 64, 64 << 10);
  /** Nothing waits in an in-memory server, but it may be slow. */
  private static final Duration STALL_TIMEOUT = Duration.ofMinutes(10);

  private final List<String> log = new ArrayList<>();
  private final ManualClock clock = new ManualClock();
  private final boolean keepsState;
  private final ScratchDevice device;
  private final InMemoryServer server;

  FuzzServer(int setup) throws IOException {
    keepsState = (setup & KEEPS_STATE) != 0;
    device = new ScratchDevice(config(setup), log::add, clock);
    server = new InMemoryServer(device, options(setup), log::add, clock);
  }

  private static ScratchConfig config(int setup) {
    MigrationFeatures features = (setup & NO_MIGRATION) != 0 ? MigrationFeatures.NONE
        : (setup & NO_P2P) != 0 ? MigrationFeatures.of(MigrationFeature.STOP_COPY) : MigrationFeatures.ALL;
    return ScratchConfig.named("fuzzed").withMemorySize(MEMORY_SIZE).withFeatures(features)
        .withMappable((setup & MAPPABLE) != 0);
  }

  private static ServerOptions options(int setup) {
    return ServerOptions.DEFAULT.withLimits((setup & SMALL_LIMITS) != 0 ? SMALL : DEFAULT)
        .withKeepState((setup & KEEPS_STATE) != 0 ? KeepState.ALWAYS : KeepState.ON_REQUEST)
        .withStallTimeout(STALL_TIMEOUT);
  }

  ScratchDevice device() {
    return device;
  }

  InMemoryServer server() {
    return server;
  }

  ManualClock clock() {
    return clock;
  }

  /** Returns the lines of the log. */
  List<String> log() {
    return log;
  }

  /** Returns whether the server keeps the device's state even if the client does not request it. */
  boolean keepsState() {
    return keepsState;
  }

  @Override
  public void close() {
    server.close();
    device.close();
  }
}
